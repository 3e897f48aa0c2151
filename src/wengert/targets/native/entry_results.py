"""The part of the entry that makes results: new arrays, scalars, containers of them, as LLVM text.

It knows nothing of how the numbers come about.
"""

from __future__ import annotations

from wengert.targets.native import numpy_abi as abi
from wengert.targets.native import plan as tables
from wengert.targets.native.writer import NULL, QUICK, Fields, Function, item


def allocate() -> Function:
    """Memory for each output: a new array, the donated array itself, or a place for a scalar; false with an exception."""
    f = Function("wg_allocate", "i1", {"plan": "ptr", "memory": "ptr"}, "internal", QUICK)
    get = Fields(f, tables.CallPlan, "%plan")
    outputs, leaves = get("output"), get("leaf")
    inputs, targets, made, scalars = (
        f.at("%memory", get(name)) for name in ("inputs_at", "outputs_at", "made_at", "out_scalars_at")
    )
    with f.count(get("outputs")) as k:
        _, of = item(f, tables.PlanOutput, outputs, k)
        target, mine, alias = f.at(targets, k, "ptr"), f.at(made, k, "ptr"), of("alias")
        scalar, fresh, donated, done = (f.new_label(hint) for hint in ("scalar", "fresh", "donated", "done"))
        array = f.new_label("array")
        f.branch(f.compare("ne", "ptr", of("scalar"), NULL), scalar, array)
        f.label(scalar)
        f.store("ptr", f.at(scalars, k, "i64"), target)
        f.jump(done)
        f.label(array)
        f.branch(f.compare("slt", "i64", alias, 0), fresh, donated)
        f.label(fresh)
        descr, rank = of("descr"), f.value(f"trunc i64 {of('rank')} to i32")
        f.do(f"call void @Py_IncRef(ptr {descr})")
        given = f"ptr @PyArray_Type, ptr {descr}, i32 {rank}, ptr {of('shape')}, ptr null, ptr null, i32 0, ptr null"
        new = f.value(f"call ptr @PyArray_NewFromDescr({given})")
        f.require(f.compare("ne", "ptr", new, NULL), "failed")
        f.store("ptr", new, mine)
        f.store("ptr", f.load("ptr", new, abi.ARRAY_DATA), target)
        f.jump(done)
        f.label(donated)
        _, leaf = item(f, tables.LeafSlot, leaves, alias)
        owner = f.entry("ptr", "%memory", leaf("object"))
        f.do(f"call void @Py_IncRef(ptr {owner})")
        f.store("ptr", owner, mine)
        f.store("ptr", f.entry("ptr", inputs, alias), target)
        f.jump(done)
        f.label(done)
    f.do("ret i1 true")
    f.label("failed")
    f.do("ret i1 false")
    return f


def box() -> Function:
    """NumPy scalars of the numbers that the program left in the places of outputs without axes; false with an exception."""
    f = Function("wg_box", "i1", {"plan": "ptr", "memory": "ptr"}, "internal", QUICK)
    get = Fields(f, tables.CallPlan, "%plan")
    outputs = get("output")
    made, scalars = f.at("%memory", get("made_at")), f.at("%memory", get("out_scalars_at"))
    with f.count(get("outputs")) as k:
        _, of = item(f, tables.PlanOutput, outputs, k)
        kind, size = of("scalar"), of("bytes")
        place, mine = f.at(scalars, k, "i64"), f.at(made, k, "ptr")
        with f.when(f.compare("ne", "ptr", kind, NULL)):
            flag, number, done = (f.new_label(hint) for hint in ("flag", "number", "done"))
            f.branch(f.compare("eq", "i64", size, 1), flag, number)
            f.label(flag)
            holds = f.compare("ne", "i8", f.load("i8", place), 0)
            one = f.value(f"select i1 {holds}, ptr @NumPy_True, ptr @NumPy_False")
            f.do(f"call void @Py_IncRef(ptr {one})")
            f.store("ptr", one, mine)
            f.jump(done)
            f.label(number)
            new = f.value(f"call ptr @_PyObject_New(ptr {kind})")
            f.require(f.compare("ne", "ptr", new, NULL), "failed")
            f.store("ptr", new, mine)
            with f.when(f.compare("eq", "i64", size, 8)):
                f.store("i64", f.load("i64", place), new, abi.VALUE)
            with f.when(f.compare("eq", "i64", size, 4)):
                f.store("i32", f.load("i32", place), new, abi.VALUE)
            f.jump(done)
            f.label(done)
    f.do("ret i1 true")
    f.label("failed")
    f.do("ret i1 false")
    return f


def pack() -> Function:
    """The result by its steps, on a stack of objects that this function owns; null with an exception."""
    f = Function("wg_pack", "ptr", {"plan": "ptr", "memory": "ptr"}, "internal", QUICK)
    get = Fields(f, tables.CallPlan, "%plan")
    made, stack = f.at("%memory", get("made_at")), f.at("%memory", get("stack_at"))
    depth = f.value("alloca i64")
    f.store("i64", "0", depth)
    steps = get("step")
    do = tables.Do
    with f.count(get("steps")) as k:
        step, of = item(f, tables.ResultStep, steps, k)
        kind, number, top = of("do"), of("number"), f.load("i64", depth)
        move, copy, static, given, wrap, push = map(f.new_label, ("move", "copy", "static", "given", "wrap", "push"))
        cases = (do.MOVE, move), (do.COPY, copy), (do.STATIC, static), (do.GIVEN, given)
        choices = " ".join(f"i64 {number_of}, label %{label}" for number_of, label in cases)
        f.do(f"switch i64 {kind}, label %{wrap} [ {choices} ]")
        f.label(move)
        moved = f.entry("ptr", made, number)
        f.store("ptr", "null", f.at(made, number, "ptr"))
        f.jump(push)
        f.label(copy)
        copied = f.entry("ptr", made, number)
        f.do(f"call void @Py_IncRef(ptr {copied})")
        f.jump(push)
        f.label(static)
        fixed = of("object")
        f.do(f"call void @Py_IncRef(ptr {fixed})")
        f.jump(push)
        f.label(given)
        argument = f.entry("ptr", "%memory", number)
        f.do(f"call void @Py_IncRef(ptr {argument})")
        f.jump(push)
        f.label(wrap)
        base = f.value(f"sub i64 {top}, {number}")
        wrapped = f.value(f"call ptr @wg_wrap(ptr {step}, ptr {f.at(stack, base, 'ptr')})")
        f.store("i64", base, depth)
        f.require(f.compare("ne", "ptr", wrapped, NULL), "failed")
        whole = f.block
        f.jump(push)
        f.label(push)
        ways = f"[ {moved}, %{move} ], [ {copied}, %{copy} ], [ {fixed}, %{static} ], [ {argument}, %{given} ], [ {wrapped}, %{whole} ]"
        pushed = f.value(f"phi ptr {ways}")
        now = f.load("i64", depth)
        f.store("ptr", pushed, f.at(stack, now, "ptr"))
        f.store("i64", f.value(f"add i64 {now}, 1"), depth)
    f.do(f"ret ptr {f.load('ptr', stack)}")
    f.label("failed")
    with f.count(f.load("i64", depth)) as k:
        f.do(f"call void @Py_DecRef(ptr {f.entry('ptr', stack, k)})")
    f.do("ret ptr null")
    return f


def wrap() -> Function:
    """A container of the topmost items of the stack, whose references it takes; null with an exception, and they are released."""
    f = Function("wg_wrap", "ptr", {"step": "ptr", "items": "ptr"}, "internal", QUICK)
    get = Fields(f, tables.ResultStep, "%step")
    kind, thing, number = get("do"), get("object"), get("number")
    do = tables.Do
    choices = f"i64 {do.TUPLE}, label %tuple i64 {do.LIST}, label %list i64 {do.DICT}, label %dict"
    f.do(f"switch i64 {kind}, label %call [ {choices} ]")
    f.label("tuple")
    pair = f.value(f"call ptr @PyTuple_New(i64 {number})")
    f.require(f.compare("ne", "ptr", pair, NULL), "failed")
    _fill(f, f.at(pair, abi.TUPLE_ITEMS), number)
    f.do(f"ret ptr {pair}")
    f.label("list")
    listed = f.value(f"call ptr @PyList_New(i64 {number})")
    f.require(f.compare("ne", "ptr", listed, NULL), "failed")
    _fill(f, f.load("ptr", listed, abi.LIST_ITEMS), number)
    f.do(f"ret ptr {listed}")
    f.label("dict")
    _wrap_dict(f, thing, number)
    f.label("call")
    called = f.value(f"call ptr @PyObject_Vectorcall(ptr {thing}, ptr %items, i64 {number}, ptr null)")
    _release(f, number)
    f.do(f"ret ptr {called}")
    f.label("failed")
    _release(f, number)
    f.do("ret ptr null")
    return f


def _fill(f: Function, places: str, number: str) -> None:
    """The items go into a new tuple or list, which takes their references."""
    with f.count(number) as k:
        f.store("ptr", f.entry("ptr", "%items", k), f.at(places, k, "ptr"))


def _wrap_dict(f: Function, keys: str, number: str) -> None:
    table = f.value("call ptr @PyDict_New()")
    f.require(f.compare("ne", "ptr", table, NULL), "failed")
    with f.count(number) as k:
        key, value = f.entry("ptr", keys, k), f.entry("ptr", "%items", k)
        put = f.value(f"call i32 @PyDict_SetItem(ptr {table}, ptr {key}, ptr {value})")
        f.require(f.compare("eq", "i32", put, 0), "half")
    _release(f, number)
    f.do(f"ret ptr {table}")
    f.label("half")
    f.do(f"call void @Py_DecRef(ptr {table})")
    f.jump("failed")


def _release(f: Function, number: str) -> None:
    with f.count(number) as k:
        f.do(f"call void @Py_DecRef(ptr {f.entry('ptr', '%items', k)})")


PARTS = (allocate, box, pack, wrap)
