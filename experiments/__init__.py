"""What a chapter cannot wait for: many seeds, long sequences. `make experiments` runs it, the chapters draw it.

many.py        many small nets side by side, on lstm_core's own layers
tasks.py       what they are trained on
starts.py      the initial weights and biases that are compared
training.py    the loop: train until solved
records.py     an experiment, and its record in notebooks/data/
run.py         the runner, on this machine or on a Dask cluster
chapter_*.py   the experiments, by the chapter that draws them
"""
