"""Large angles modulo π/2, from the bits of 2/π (Payne and Hanek 1983), one lane at a time in integers. It knows no polynomial.

|x| = m 2^e with a whole m of 53 bits. Bits of 2/π that make whole multiples of 4 in |x| · 2/π are skipped; the next 192 give
the product modulo 4 with an error below 2⁻¹³⁰, where the smallest remainder of a double is above 2⁻⁶². All of it is exact
integer arithmetic, so it needs no fused multiply-add.
"""

from __future__ import annotations

from wengert.targets.native.coefficients import TWO_OVER_PI_WORDS
from wengert.targets.native.memory import Memory
from wengert.targets.native.module import Module
from wengert.targets.native.values import INTEGERS, Value, literal, suffix_of, type_of

HALF_PI_BITS = 0xC90FDAA22168C235
"""π/2 · 2⁶³, rounded."""

PREFIX = "wg_reduce_large_"

SCALAR = """
define internal {{ double, double, i64 }} @wg_reduce_large_float64_1(double %x) noinline #0 {{
entry:
  %bits = bitcast double %x to i64
  %biased = lshr i64 %bits, 52
  %exponent = and i64 %biased, 2047
  %finite = icmp ne i64 %exponent, 2047
  br i1 %finite, label %number, label %none
none:
  %nan1 = insertvalue {{ double, double, i64 }} poison, double 0x7FF8000000000000, 0
  %nan2 = insertvalue {{ double, double, i64 }} %nan1, double 0x7FF8000000000000, 1
  %nan3 = insertvalue {{ double, double, i64 }} %nan2, i64 0, 2
  ret {{ double, double, i64 }} %nan3
number:
  %fraction = and i64 %bits, 4503599627370495
  %m = or i64 %fraction, 4503599627370496
; the table begins with 64 zero bits: its bit e - 2 + 64 is the first that counts
  %start = sub i64 %exponent, 1013
  %word = lshr i64 %start, 6
  %shift = and i64 %start, 63
  %p0 = getelementptr i64, ptr {table}, i64 %word
  %p1 = getelementptr i64, ptr %p0, i64 1
  %p2 = getelementptr i64, ptr %p0, i64 2
  %p3 = getelementptr i64, ptr %p0, i64 3
  %t0 = load i64, ptr %p0
  %t1 = load i64, ptr %p1
  %t2 = load i64, ptr %p2
  %t3 = load i64, ptr %p3
  %w0 = call i64 @llvm.fshl.i64(i64 %t0, i64 %t1, i64 %shift)
  %w1 = call i64 @llvm.fshl.i64(i64 %t1, i64 %t2, i64 %shift)
  %w2 = call i64 @llvm.fshl.i64(i64 %t2, i64 %t3, i64 %shift)
; m (w0 2^128 + w1 2^64 + w2) modulo 2^192, as h 2^128 + l
  %mw = zext i64 %m to i128
  %w1w = zext i64 %w1 to i128
  %w2w = zext i64 %w2 to i128
  %low = mul i128 %mw, %w2w
  %middle = mul i128 %mw, %w1w
  %high = mul i64 %m, %w0
  %carry = lshr i128 %low, 64
  %sum = add i128 %carry, %middle
  %sumhigh = lshr i128 %sum, 64
  %sumtop = trunc i128 %sumhigh to i64
  %h = add i64 %sumtop, %high
  %sumlow = shl i128 %sum, 64
  %lowlow = and i128 %low, 18446744073709551615
  %l = or i128 %sumlow, %lowlow
; the upper two bits of h are the quadrant; what follows is a signed fraction of it once halves are rounded up
  %round = add i64 %h, 2305843009213693952
  %quadrant = lshr i64 %round, 62
  %hw = zext i64 %h to i128
  %hshift = shl i128 %hw, 66
  %lshift = lshr i128 %l, 62
  %f = or i128 %hshift, %lshift
  %below = icmp slt i128 %f, 0
  %minus = sub i128 0, %f
  %g = select i1 %below, i128 %minus, i128 %f
; g = 2^(-z) (G / 2^128) with the upper bit of G set; times pi/2 it is 2^(1-z) Q / 2^128
  %z = call i128 @llvm.ctlz.i128(i128 %g, i1 false)
  %gn = shl i128 %g, %z
  %gh = lshr i128 %gn, 64
  %q = mul i128 %gh, {half_pi}
  %z2 = call i128 @llvm.ctlz.i128(i128 %q, i1 false)
  %qn = shl i128 %q, %z2
  %qh = lshr i128 %qn, 64
  %top = trunc i128 %qh to i64
  %zz = add i128 %z, %z2
  %zeros = trunc i128 %zz to i64
  %mantissa = lshr i64 %top, 11
  %rest = and i64 %top, 2047
  %head = uitofp i64 %mantissa to double
  %tail = uitofp i64 %rest to double
; 2^(1 - zeros - 53) and 2^(1 - zeros - 64) by their bits
  %e1 = sub i64 971, %zeros
  %e2 = sub i64 960, %zeros
  %b1 = shl i64 %e1, 52
  %b2 = shl i64 %e2, 52
  %s1 = bitcast i64 %b1 to double
  %s2 = bitcast i64 %b2 to double
  %r0 = fmul double %head, %s1
  %c0 = fmul double %tail, %s2
  %r1 = fadd double %r0, %c0
  %rest1 = fsub double %r0, %r1
  %c1 = fadd double %rest1, %c0
; the sign of the fraction and the sign of x
  %left = icmp slt i64 %bits, 0
  %flip = xor i1 %left, %below
  %rn = fneg double %r1
  %cn = fneg double %c1
  %r = select i1 %flip, double %rn, double %r1
  %c = select i1 %flip, double %cn, double %c1
  %qneg = sub i64 0, %quadrant
  %qs = select i1 %left, i64 %qneg, i64 %quadrant
  %v1 = insertvalue {{ double, double, i64 }} poison, double %r, 0
  %v2 = insertvalue {{ double, double, i64 }} %v1, double %c, 1
  %v3 = insertvalue {{ double, double, i64 }} %v2, i64 %qs, 2
  ret {{ double, double, i64 }} %v3
}}"""

SINGLE = """
define internal {{ float, float, i32 }} @wg_reduce_large_float32_1(float %x) noinline #0 {{
  %wide = fpext float %x to double
  %part = call {{ double, double, i64 }} @wg_reduce_large_float64_1(double %wide)
  %r = extractvalue {{ double, double, i64 }} %part, 0
  %q = extractvalue {{ double, double, i64 }} %part, 2
  %rs = fptrunc double %r to float
  %back = fpext float %rs to double
  %lost = fsub double %r, %back
  %cs = fptrunc double %lost to float
  %qs = trunc i64 %q to i32
  %v1 = insertvalue {{ float, float, i32 }} poison, float %rs, 0
  %v2 = insertvalue {{ float, float, i32 }} %v1, float %cs, 1
  %v3 = insertvalue {{ float, float, i32 }} %v2, i32 %qs, 2
  ret {{ float, float, i32 }} %v3
}}"""

ENTRIES = """
define internal void {name}(ptr %x, ptr %r, ptr %c, ptr %q, i64 %count) noinline cold #0 {{
entry:
  br label %loop
loop:
  %lane = phi i64 [ 0, %entry ], [ %next, %done ]
  %px = getelementptr {e}, ptr %x, i64 %lane
  %one = load {e}, ptr %px
  %size = call {e} {fabs}({e} %one)
  %large = fcmp ogt {e} %size, {limit}
  br i1 %large, label %reduce, label %done
reduce:
  %part = call {kind} {scalar}({e} %one)
  %r1 = extractvalue {kind} %part, 0
  %c1 = extractvalue {kind} %part, 1
  %q1 = extractvalue {kind} %part, 2
  %pr = getelementptr {e}, ptr %r, i64 %lane
  %pc = getelementptr {e}, ptr %c, i64 %lane
  %pq = getelementptr {i}, ptr %q, i64 %lane
  store {e} %r1, ptr %pr
  store {e} %c1, ptr %pc
  store {i} %q1, ptr %pq
  br label %done
done:
  %next = add i64 %lane, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %end
end:
  ret void
}}"""

LANES = """
define internal {kind} {name}({v} %x, {v} %r, {v} %c, {i} %q) noinline cold #0 {{
  %px = alloca {v}
  %pr = alloca {v}
  %pc = alloca {v}
  %pq = alloca {i}
  store {v} %x, ptr %px
  store {v} %r, ptr %pr
  store {v} %c, ptr %pc
  store {i} %q, ptr %pq
  call void {entries}(ptr %px, ptr %pr, ptr %pc, ptr %pq, i64 {width})
  %r1 = load {v}, ptr %pr
  %c1 = load {v}, ptr %pc
  %q1 = load {i}, ptr %pq
  %v1 = insertvalue {kind} poison, {v} %r1, 0
  %v2 = insertvalue {kind} %v1, {v} %c1, 1
  %v3 = insertvalue {kind} %v2, {i} %q1, 2
  ret {kind} %v3
}}"""


def reduce_large(b: Memory, x: Value, near: tuple[Value, Value, Value], limit: float) -> tuple[Value, Value, Value]:
    """(r, c, q) of `trigonometry.reduced` where |x| > limit, and `near` elsewhere; NaN at ±∞. A scalar x is large."""
    arguments = [x] if x.width == 1 else [x, *near]
    kind, whole = _kind(x.dtype, x.width), b.fresh("large")
    if b.module.shares:
        kinds = ", ".join(value.type for value in arguments)
        called = b.module.declare(f"declare {kind} @{PREFIX}{x.dtype}_{x.width}({kinds})")
    else:
        called = define(b.module, x.dtype, x.width, limit)
    b.emit(f"{whole} = call {kind} {called}({', '.join(value.text for value in arguments)})")
    r, c = (b.effect(f"extractvalue {kind} {whole}, {k}", x.dtype, x.width) for k in (0, 1))
    return r, c, b.effect(f"extractvalue {kind} {whole}, 2", INTEGERS[x.dtype], x.width)


def define(module: Module, dtype: str, width: int, limit: float) -> str:
    """The name (with its @) of the function for so many lanes, put into the module."""
    return _scalar(module, dtype) if width == 1 else _lanes(module, dtype, width, limit)


def _kind(dtype: str, width: int) -> str:
    """The LLVM type of (r, c, q)."""
    number = type_of(dtype, width)
    return f"{{ {number}, {number}, {type_of(INTEGERS[dtype], width)} }}"


def _scalar(module: Module, dtype: str) -> str:
    """The name of the function for one angle."""
    module.declare("declare i64 @llvm.fshl.i64(i64, i64, i64)")
    module.declare("declare i128 @llvm.ctlz.i128(i128, i1)")
    table = module.array("i64", [str(word) for word in TWO_OVER_PI_WORDS])
    double = SCALAR.format(table=table, half_pi=HALF_PI_BITS)
    name = module.define_once("wg_reduce_large_float64_1", lambda: double)
    if dtype == "float32":
        name = module.define_once("wg_reduce_large_float32_1", lambda: SINGLE.format())
    return name


def _entries(module: Module, dtype: str, limit: float) -> str:
    """The name of the function for angles in memory."""
    element = type_of(dtype, 1)
    text = ENTRIES.format(
        name=f"@wg_reduce_large_{dtype}_entries",
        kind=_kind(dtype, 1),
        e=element,
        i=type_of(INTEGERS[dtype], 1),
        scalar=_scalar(module, dtype),
        fabs=module.declare(f"declare {element} @llvm.fabs.{suffix_of(dtype, 1)}({element})"),
        limit=literal(limit, dtype),
    )
    return module.define_once(f"wg_reduce_large_{dtype}_entries", lambda: text)


def _lanes(module: Module, dtype: str, width: int, limit: float) -> str:
    """The name of the function for the lanes of a vector: they go through memory, for a lane chosen at run time lies there."""
    name = f"{PREFIX}{dtype}_{width}"
    text = LANES.format(
        name=f"@{name}",
        kind=_kind(dtype, width),
        v=type_of(dtype, width),
        i=type_of(INTEGERS[dtype], width),
        entries=_entries(module, dtype, limit),
        width=width,
    )
    return module.define_once(name, lambda: text)
