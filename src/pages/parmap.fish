# fish completion for parmap and for programs with kernels.
@fish-options@
@fish-commands@
