"""Pictures and tables of a system: the Wengert list with numbers, the computation graph as SVG and DOT."""
