#!/bin/bash
# A training under MPI, a process for each GPU: four of them on each of two machines. Open MPI 4 is known to JAX; for Open MPI 5, MPICH and others
# install mpi4py beside it. When a rank is gone mpirun ends the others; then all start again, five times at most, from the newest checkpoint.
for start in 1 2 3 4 5 6; do
    mpirun -n 8 --host "${HOSTS:-node1:4,node2:4}" \
        wengert train model.md --data data/parts --stream 65536 --bind x=x,t=t --batch 8192 \
        --backend xla --mesh data=8 --shard n=data --checkpoints saved --distributed && exit 0
done
exit 1
