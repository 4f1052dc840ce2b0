"""What a file says against what is in force, in both directions: one module a family, one case a setting.

`looks_right`: the file is as a rule wants it and the state is not, so the rule must fail. `looks_wrong`: the other way
round, so it must pass. What is judged is always what a probe printed. `tests/unit/test_effective.py` judges every case
anywhere; `tests/collect/test_effective_programs.py` gives the files of those that name programs to the real ones, in
namespaces of their own, and asks them with the collector's own commands.
"""
