"""Measurements that docs/ quotes, each made by one command, in one thread."""

import os

# Before numpy and faiss are loaded, which look at these only then.
for _library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_library] = "1"
