"""The one entry through which Python calls every compiled program, as LLVM text: it checks the arguments by the tables of a plan,
makes the outputs, runs the program and returns the result.

It knows nothing of what a program computes. Where anything is not as planned it calls Python back: the slow path.
"""

from __future__ import annotations

from collections.abc import Sequence

from wengert.targets.native import entry_arguments as arguments
from wengert.targets.native import entry_results as results
from wengert.targets.native import numpy_abi as abi
from wengert.targets.native import plan as tables
from wengert.targets.native.writer import NULL, QUICK, Fields, Function, item

ENTRY = "wg_entry"
_SLOW, _FAIL = "inttoptr (i64 1 to ptr)", "inttoptr (i64 2 to ptr)"

_DECLARED = """
@PyArray_Type = external global i8
@NumPy_True = external global i8
@NumPy_False = external global i8
@_Py_TrueStruct = external global i8
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @PyDict_New()
declare i32 @PyDict_Next(ptr, ptr, ptr, ptr)
declare i32 @PyDict_SetItem(ptr, ptr, ptr)
declare i64 @PyDict_Size(ptr)
declare void @PyErr_Clear()
declare ptr @PyErr_NoMemory()
declare ptr @PyErr_Occurred()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyEval_SaveThread()
declare ptr @PyList_New(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare void @PyMem_RawFree(ptr)
declare ptr @PyMem_RawMalloc(i64)
declare i32 @PyObject_RichCompareBool(ptr, ptr, i32)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyTuple_New(i64)
declare void @Py_DecRef(ptr)
declare void @Py_IncRef(ptr)
declare ptr @_PyObject_New(ptr)
"""


def text() -> str:
    """The module that exports the entry, a C function of the kind METH_FASTCALL | METH_KEYWORDS.

    Only what runs for every argument is optimised: a first call waits for this module, and the rest gains 5 ns of 140.

    Its `self` is a tuple: the plan as bytes, the callable for what is not as planned, the callable for a program that failed.
    """
    parts = (_entry, _call, *arguments.PARTS, _compute, *results.PARTS)
    return "\n".join([_DECLARED, *(part().text() for part in parts)]) + "\n"


def _entry() -> Function:
    """Memory for the call: on the stack, or the piece that is kept between calls, or new."""
    f = Function(ENTRY, "ptr", {"self": "ptr", "args": "ptr", "count": "i64", "names": "ptr"}, "", QUICK)
    plan = f.at(f.load("ptr", "%self", abi.TUPLE_ITEMS), abi.BYTES)
    get = Fields(f, tables.CallPlan, plan)
    size = get("bytes")
    f.branch(f.compare("ule", "i64", size, tables.STACK_BYTES), "stack", "heap")
    f.label("stack")
    on_stack = f.value(f"alloca i8, i64 {size}, align 64")
    near = f.value(f"call ptr @wg_call(ptr {plan}, ptr %args, i64 %count, ptr %names, ptr {on_stack})")
    f.jump("done")
    f.label("heap")
    slot = get("slot")
    kept = f.value(f"atomicrmw xchg ptr {slot}, i64 0 acquire")
    f.branch(f.compare("eq", "i64", kept, 0), "new", "use")
    f.label("new")
    fresh = f.value(f"call ptr @PyMem_RawMalloc(i64 {f.value(f'add i64 {size}, 64')})")
    made = f.value(f"ptrtoint ptr {fresh} to i64")
    f.branch(f.compare("eq", "i64", made, 0), "none", "use")
    f.label("use")
    piece = f.value(f"phi i64 [ {kept}, %heap ], [ {made}, %new ]")
    start = f.value(f"and i64 {f.value(f'add i64 {piece}, 63')}, -64")
    memory = f.value(f"inttoptr i64 {start} to ptr")
    far = f.value(f"call ptr @wg_call(ptr {plan}, ptr %args, i64 %count, ptr %names, ptr {memory})")
    back = f.value(f"cmpxchg ptr {slot}, i64 0, i64 {piece} release monotonic")
    f.branch(f.value(f"extractvalue {{ i64, i1 }} {back}, 1"), "done", "free")
    f.label("free")
    f.do(f"call void @PyMem_RawFree(ptr {f.value(f'inttoptr i64 {piece} to ptr')})")
    f.jump("done")
    f.label("none")
    f.do(f"ret ptr {f.value('call ptr @PyErr_NoMemory()')}")
    f.label("done")
    result = f.value(f"phi ptr [ {near}, %stack ], [ {far}, %use ], [ {far}, %free ]")
    f.require(f.compare("ugt", "ptr", result, _FAIL), "odd")
    f.do(f"ret ptr {result}")
    f.label("odd")
    f.require(f.compare("ne", "ptr", result, NULL), "raised")
    place = f.value(f"ptrtoint ptr {result} to i64")
    items = f.at("%self", abi.TUPLE_ITEMS)
    callback = f.entry("ptr", items, place)
    f.do(f"ret ptr {f.value(f'call ptr @PyObject_Vectorcall(ptr {callback}, ptr %args, i64 %count, ptr %names)')}")
    f.label("raised")
    f.do("ret ptr null")
    return f


def _call() -> Function:
    """The arguments to pointers; the result, or null with an exception, or the place in `self` of whom to call instead."""
    parameters = {"plan": "ptr", "args": "ptr", "count": "i64", "names": "ptr", "memory": "ptr"}
    f = Function("wg_call", "ptr", parameters, "internal", QUICK)
    get = Fields(f, tables.CallPlan, "%plan")
    bound = f.value("call i1 @wg_bind(ptr %plan, ptr %args, i64 %count, ptr %names, ptr %memory)")
    f.require(bound, "slow")
    nodes = get("node")
    with f.count(get("nodes")) as k:
        node, _ = item(f, tables.ContainerNode, nodes, k)
        f.require(f.value(f"call i1 @wg_open(ptr {node}, ptr %memory)"), "slow")
    leaves, count = get("leaf"), get("leaves")
    inputs, scalars = f.at("%memory", get("inputs_at")), f.at("%memory", get("in_scalars_at"))
    with f.count(count) as k:
        leaf, of = item(f, tables.LeafSlot, leaves, k)
        thing = f.entry("ptr", "%memory", of("object"))
        data = f.value(f"call ptr @wg_take(ptr {leaf}, ptr {thing}, ptr {f.at(scalars, k, 'i64')})")
        f.require(f.compare("ne", "ptr", data, NULL), "slow")
        f.store("ptr", data, f.at(inputs, k, "ptr"))
    donated, donation = get("donated"), get("donation")
    with f.count(donated) as k:
        which = f.entry("i64", donation, k)
        f.require(f.value(f"call i1 @wg_is_disjoint(ptr %plan, ptr %memory, i64 {which})"), "slow")
    hold = f.compare("ne", "i64", get("hold"), 0)
    _for_leaves(f, hold, leaves, count, "Py_IncRef")
    result = f.value("call ptr @wg_compute(ptr %plan, ptr %memory)")
    _for_leaves(f, hold, leaves, count, "Py_DecRef")
    f.do(f"ret ptr {result}")
    f.label("slow")
    f.do(f"ret ptr {_SLOW}")
    return f


def _for_leaves(f: Function, condition: str, leaves: str, count: str, function: str) -> None:
    """Calls a function with the object of each leaf: what comes out of containers is held, since they may change meanwhile."""
    with f.when(condition), f.count(count) as k:
        _, of = item(f, tables.LeafSlot, leaves, k)
        f.do(f"call void @{function}(ptr {f.entry('ptr', '%memory', of('object'))})")


def _compute() -> Function:
    """Makes the outputs, runs the program, puts the result together; what is left over is released."""
    f = Function("wg_compute", "ptr", {"plan": "ptr", "memory": "ptr"}, "internal", QUICK)
    get = Fields(f, tables.CallPlan, "%plan")
    made, count = f.at("%memory", get("made_at")), get("outputs")
    with f.count(count) as k:
        f.store("ptr", "null", f.at(made, k, "ptr"))
    ends: list[tuple[str, str]] = []
    allocated = f.value("call i1 @wg_allocate(ptr %plan, ptr %memory)")
    ends.append((NULL, f.block))
    f.require(allocated, "out")
    status = run(f, get, [f.at("%memory", get(name)) for name in ("inputs_at", "outputs_at", "arena_at")])
    ends.append((_FAIL, f.block))
    f.do(f"switch i32 {status}, label %out [ i32 0, label %fine i32 2, label %no_memory i32 3, label %interrupted ]")
    f.label("no_memory")
    ends.append((f.value("call ptr @PyErr_NoMemory()"), f.block))
    f.jump("out")
    f.label("interrupted")
    pending = f.compare("ne", "ptr", f.value("call ptr @PyErr_Occurred()"), NULL)
    ends.append((f.value(f"select i1 {pending}, ptr null, ptr {_FAIL}"), f.block))
    f.jump("out")
    f.label("fine")
    boxed = f.value("call i1 @wg_box(ptr %plan, ptr %memory)")
    ends.append((NULL, f.block))
    f.require(boxed, "out")
    ends.append((f.value("call ptr @wg_pack(ptr %plan, ptr %memory)"), f.block))
    f.jump("out")
    f.label("out")
    result = f.value("phi ptr " + ", ".join(f"[ {value}, %{block} ]" for value, block in ends))
    with f.count(count) as k:
        left = f.entry("ptr", made, k)
        with f.when(f.compare("ne", "ptr", left, NULL)):
            f.do(f"call void @Py_DecRef(ptr {left})")
    f.do(f"ret ptr {result}")
    return f


def run(f: Function, get: Fields, places: Sequence[str]) -> str:
    """Calls the program on inputs, outputs and arena, with or without the interpreter's lock; its status."""
    call = f"call i32 {get('program')}({', '.join(f'ptr {place}' for place in places)})"
    f.branch(f.compare("ne", "i64", get("long"), 0), "alone", "together")
    f.label("alone")
    state = f.value("call ptr @PyEval_SaveThread()")
    alone = f.value(call)
    f.do(f"call void @PyEval_RestoreThread(ptr {state})")
    f.jump("ran")
    f.label("together")
    together = f.value(call)
    f.jump("ran")
    f.label("ran")
    return f.value(f"phi i32 [ {alone}, %alone ], [ {together}, %together ]")
