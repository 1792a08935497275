"""How fast flowkit is, beside what is the least that its work could cost, measured in the same run.

`python -m benchmarks` measures and prints; absolute times wander with the machine, ratios hardly do. One module for
each question: what it does there is no-op work, so that what remains is the engine.
"""
