#!/bin/bash
# A training under Slurm: one process for each GPU, which is how JAX reads Slurm's variables. Start it with sbatch, from a folder that all nodes share.
#SBATCH --job-name=wengert
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --gpu-bind=none
#SBATCH --cpus-per-task=8
#SBATCH --requeue
#SBATCH --open-mode=append

# Each process sees all GPUs of its node and takes the one of its SLURM_LOCALID. When one is gone srun ends the others; the job then starts
# again, five times at most, from the newest checkpoint.
srun --kill-on-bad-exit=1 \
    wengert train model.md --data data/parts --stream 65536 --bind x=x,t=t --batch 8192 \
    --backend xla --mesh data=32 --shard n=data --checkpoints saved --distributed ||
    { [ "${SLURM_RESTART_COUNT:-0}" -lt 5 ] && scontrol requeue "$SLURM_JOB_ID"; }
