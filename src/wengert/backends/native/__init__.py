"""Loop nests as machine code, through LLVM: the only package that imports llvmlite."""
