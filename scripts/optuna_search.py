"""Optuna's TPE, asked and told in JSON lines: the space and seeds first, then values of points."""
import json
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def distribution(spec):
    if spec["kind"] == "choice":
        return optuna.distributions.CategoricalDistribution(spec["values"])
    return optuna.distributions.FloatDistribution(spec["min"], spec["max"], log=spec["isLog"])


task = json.loads(sys.stdin.readline())
space = {name: distribution(spec) for name, spec in task["space"].items()}
for seed in task["seeds"]:
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for _ in range(task["budget"]):
        trial = study.ask(space)
        print(json.dumps(trial.params), flush=True)
        study.tell(trial, float(sys.stdin.readline()))
