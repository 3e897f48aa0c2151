"""The part of the entry that reads arguments: names to places, containers to items, arrays and scalars to addresses, as LLVM text.

It knows nothing of what is done with the addresses.
"""

from __future__ import annotations

from wengert.targets.native import numpy_abi as abi
from wengert.targets.native import plan as tables
from wengert.targets.native.writer import NULL, QUICK, Fields, Function, item


def bind() -> Function:
    """The arguments in the order of the parameters, at the beginning of the call's memory; false where they do not fit."""
    taken = {"plan": "ptr", "args": "ptr", "count": "i64", "names": "ptr", "objects": "ptr"}
    f = Function("wg_bind", "i1", taken, "internal", QUICK)
    get = Fields(f, tables.CallPlan, "%plan")
    parameters = get("parameters")
    f.require(f.compare("ule", "i64", "%count", get("positional")), "no")
    with f.count("%count") as k:
        f.store("ptr", f.entry("ptr", "%args", k), f.at("%objects", k, "ptr"))
    f.branch(f.compare("eq", "ptr", "%names", NULL), "all", "named")
    f.label("all")
    f.do(f"ret i1 {f.compare('eq', 'i64', '%count', parameters)}")
    f.label("named")
    given = f.load("i64", "%names", abi.SIZE)
    whole = f.compare("eq", "i64", f.value(f"add i64 {given}, %count"), parameters)
    f.require(whole, "no")
    known = get("names")
    with f.count(given) as j:
        name = f.entry("ptr", f.at("%names", abi.TUPLE_ITEMS), j)
        thing = f.entry("ptr", f.at("%args", "%count", "ptr"), j)
        place = _place_of(f, name, known, parameters)
        f.store("ptr", thing, f.at("%objects", place, "ptr"))
    f.do("ret i1 true")
    f.label("no")
    f.do("ret i1 false")
    return f


def _place_of(f: Function, name: str, known: str, parameters: str) -> str:
    """The place of a name, compared by identity, among the parameters that no position has filled; leaves for `no` without one."""
    search, found, following = (f.new_label(hint) for hint in ("search", "found", "following"))
    before = f.block
    f.jump(search)
    f.label(search)
    place = f"%{search}.i"
    f.do(f"{place} = phi i64 [ %count, %{before} ], [ {place}.next, %{following} ]")
    f.require(f.compare("slt", "i64", place, parameters), "no")
    f.branch(f.compare("eq", "ptr", f.entry("ptr", known, place), name), found, following)
    f.label(following)
    f.do(f"{place}.next = add i64 {place}, 1")
    f.jump(search)
    f.label(found)
    return place


def open_container() -> Function:
    """The items of a container become objects of their own; false where it is not of the planned type, length and keys in order."""
    f = Function("wg_open", "i1", {"node": "ptr", "objects": "ptr"}, "internal", QUICK)
    get = Fields(f, tables.ContainerNode, "%node")
    thing, kind, planned, length = f.entry("ptr", "%objects", get("source")), get("kind"), get("type"), get("length")
    f.require(f.compare("ne", "i64", kind, tables.ContainerKind.STATIC), "static")
    f.require(f.compare("eq", "ptr", f.load("ptr", thing, abi.TYPE), planned), "no")
    target = f.at("%objects", get("first"), "ptr")
    f.require(f.compare("ne", "i64", kind, tables.ContainerKind.DICT), "dict")
    f.require(f.compare("eq", "i64", f.load("i64", thing, abi.SIZE), length), "no")
    items = _items(f, thing, kind)
    with f.count(length) as k:
        f.store("ptr", f.entry("ptr", items, k), f.at(target, k, "ptr"))
    f.do("ret i1 true")
    f.label("dict")
    size = f.value(f"call i64 @PyDict_Size(ptr {thing})")
    f.require(f.compare("eq", "i64", size, length), "no")
    keys, place = get("keys"), f.value("alloca i64")
    key, value = f.value("alloca ptr"), f.value("alloca ptr")
    f.store("i64", "0", place)
    with f.count(length) as k:
        more = f.value(f"call i32 @PyDict_Next(ptr {thing}, ptr {place}, ptr {key}, ptr {value})")
        f.require(f.compare("ne", "i32", more, 0), "no")
        f.store("ptr", f.load("ptr", value), f.at(target, k, "ptr"))
        compared = f"ptr {f.load('ptr', key)}, ptr {f.entry('ptr', keys, k)}, i32 {abi.EQUAL}"
        same = f.value(f"call i32 @PyObject_RichCompareBool({compared})")
        f.require(f.compare("sge", "i32", same, 0), "failed")
        f.require(f.compare("ne", "i32", same, 0), "no")
    f.do("ret i1 true")
    f.label("failed")
    f.do("call void @PyErr_Clear()")
    f.jump("no")
    f.label("static")
    f.do(f"ret i1 {f.compare('eq', 'ptr', thing, planned)}")
    f.label("no")
    f.do("ret i1 false")
    return f


def _items(f: Function, thing: str, kind: str) -> str:
    """Where the items of a tuple or list lie: in the tuple itself, or where the list says."""
    inline = f.at(thing, abi.TUPLE_ITEMS)
    is_list = f.compare("eq", "i64", kind, tables.ContainerKind.LIST)
    before = f.block
    f.branch(is_list, "follow", "copy")
    f.label("follow")
    apart = f.load("ptr", thing, abi.LIST_ITEMS)
    f.jump("copy")
    f.label("copy")
    return f.value(f"phi ptr [ {inline}, %{before} ], [ {apart}, %follow ]")


def take() -> Function:
    """The address of an argument's numbers; null where it is not what the leaf wants."""
    f = Function("wg_take", "ptr", {"leaf": "ptr", "thing": "ptr", "scalar": "ptr"}, "internal")
    get = Fields(f, tables.LeafSlot, "%leaf")
    kind = f.load("ptr", "%thing", abi.TYPE)
    f.branch(f.compare("eq", "ptr", kind, "@PyArray_Type"), "array", "other")
    f.label("array")
    _take_array(f, get)
    f.label("other")
    f.branch(f.compare("eq", "ptr", kind, get("numpy_scalar")), "in_place", "python")
    f.label("python")
    f.require(f.compare("eq", "ptr", kind, get("python_scalar")), "no")
    _take_python_scalar(f, get)
    f.label("no")
    f.do("ret ptr null")
    return f


def _take_array(f: Function, get: Fields) -> None:
    """The data of an array, if dtype, rank, layout and shape are those of the leaf."""
    rank, mask = get("rank"), f.value(f"trunc i64 {get('mask')} to i32")
    same_descr = f.compare("eq", "ptr", f.load("ptr", "%thing", abi.ARRAY_DESCR), get("descr"))
    same_rank = f.compare("eq", "i32", f.load("i32", "%thing", abi.ARRAY_RANK), f.value(f"trunc i64 {rank} to i32"))
    bits = f.value(f"and i32 {f.load('i32', '%thing', abi.ARRAY_FLAGS)}, {mask}")
    same_flags = f.compare("eq", "i32", bits, f.value(f"trunc i64 {get('flags')} to i32"))
    both = f.value(f"and i1 {same_descr}, {same_rank}")
    f.require(f.value(f"and i1 {both}, {same_flags}"), "no")
    shape, wanted = f.load("ptr", "%thing", abi.ARRAY_SHAPE), get("shape")
    with f.count(rank) as k:
        f.require(f.compare("eq", "i64", f.entry("i64", shape, k), f.entry("i64", wanted, k)), "no")
    f.do(f"ret ptr {f.load('ptr', '%thing', abi.ARRAY_DATA)}")


def _take_python_scalar(f: Function, get: Fields) -> None:
    """The number of a Python scalar, where it lies if its form is the leaf's, else converted."""
    c = tables.Convert
    choices = f"i64 {c.IN_PLACE}, label %in_place i64 {c.TO_FLOAT32}, label %to_float i64 {c.FROM_INT}, label %from_int"
    f.do(f"switch i64 {get('convert')}, label %from_bool [ {choices} ]")
    f.label("in_place")
    f.do(f"ret ptr {f.at('%thing', abi.VALUE)}")
    f.label("to_float")
    f.store("float", f.value(f"fptrunc double {f.load('double', '%thing', abi.VALUE)} to float"), "%scalar")
    f.do("ret ptr %scalar")
    f.label("from_int")
    over = f.value("alloca i32")
    whole = f.value(f"call i64 @PyLong_AsLongLongAndOverflow(ptr %thing, ptr {over})")
    f.require(f.compare("eq", "i32", f.load("i32", over), 0), "no")
    f.store("i64", whole, "%scalar")
    f.do("ret ptr %scalar")
    f.label("from_bool")
    f.store("i8", f.value(f"zext i1 {f.compare('eq', 'ptr', '%thing', '@_Py_TrueStruct')} to i8"), "%scalar")
    f.do("ret ptr %scalar")


def is_disjoint() -> Function:
    """Whether a donated array shares no byte with any other input."""
    f = Function("wg_is_disjoint", "i1", {"plan": "ptr", "memory": "ptr", "which": "i64"}, "internal", QUICK)
    get = Fields(f, tables.CallPlan, "%plan")
    leaves, inputs = get("leaf"), f.at("%memory", get("inputs_at"))
    _, mine = item(f, tables.LeafSlot, leaves, "%which")
    start = f.entry("i64", inputs, "%which")
    end = f.value(f"add i64 {start}, {mine('bytes')}")
    with f.count(get("leaves")) as k:
        _, other = item(f, tables.LeafSlot, leaves, k)
        its_start = f.entry("i64", inputs, k)
        its_end = f.value(f"add i64 {its_start}, {other('bytes')}")
        before = f.compare("ule", "i64", its_end, start)
        after = f.compare("ule", "i64", end, its_start)
        itself = f.compare("eq", "i64", k, "%which")
        apart = f.value(f"or i1 {before}, {after}")
        f.require(f.value(f"or i1 {apart}, {itself}"), "no")
    f.do("ret i1 true")
    f.label("no")
    f.do("ret i1 false")
    return f


PARTS = (bind, open_container, take, is_disjoint)
