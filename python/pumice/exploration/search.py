# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Search with Optuna: rounds of trials, as many as there are workers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pumice.device import Device
from pumice.errors import FileError, PumiceError
from pumice.exploration.constraints import Bound
from pumice.exploration.space import Setting, assigned
from pumice.jsonl import kept_lines

__all__ = ["SAMPLERS", "optimize"]

Records = list[dict[str, Any]]
#: A device and values of its fields.
Choice = tuple[Device, dict[str, Any]]
#: Attribute of a trial that has its record.
_RECORD = "record"
#: Attribute of a trial: how far it is beyond each bound.
_EXCESS = "excess"
_LARGE = 1e30
#: Searches, and the samplers of Optuna that they use.
SAMPLERS = {"optuna": "nsga2", "nsga2": "nsga2", "tpe": "tpe"}
#: Attribute of a study: a hash of its devices and settings.
_SPACE = "space"


def optimize(
    compute: Callable[[list[Choice]], Records],
    adopt: Callable[[Records], None],
    devices: Sequence[Device],
    settings: Sequence[Setting],
    goals: Mapping[str, bool],
    trials: int,
    seed: int,
    workers: int,
    study: str | None,
    name: str,
    sampler: str,
    bounds: Sequence[Bound],
) -> None:
    """Searches with one of Optuna's samplers.

    Args:
        compute: returns the records of points.
        adopt: takes the records of trials that the study has already.
        goals: figures, and whether less is better.
        trials: of the study, those included that it has already.
        workers: trials of a round.
        study: a file or the URL of a database that keeps the trials.
        name: of the study in it.
        sampler: one of `SAMPLERS`.
        bounds: that points should keep.

    Raises:
        PumiceError: optuna is not installed, or the study cannot be kept there.
    """
    try:
        import optuna
    except ImportError:
        raise PumiceError(
            "expected optuna for this search, which is not installed: pip install 'pumice[sweep]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    states = optuna.trial.TrialState
    known: dict[str, dict[str, Any]] = {}
    with _kept_in(study):
        found = optuna.create_study(
            storage=_storage(study),
            study_name=name or "sweep",
            load_if_exists=study is not None,
            directions=["minimize" if less else "maximize" for less in goals.values()],
        )
        _check_space(found, devices, settings, study)
        for old in found.trials:
            if old.state in (states.RUNNING, states.WAITING):  # of a study that was killed
                found.tell(old.number, state=states.FAIL)
            elif _RECORD in old.user_attrs:
                known[repr(_choice(old.params, devices, settings))] = old.user_attrs[_RECORD]
    done = sum(old.state in (states.COMPLETE, states.PRUNED) for old in found.trials)
    found.sampler = _sampler(optuna, sampler, seed + done, trials, bool(bounds))
    spaces: dict[str, Any] = {
        "device": optuna.distributions.CategoricalDistribution(range(len(devices))),
        **{
            ",".join(setting.fields): optuna.distributions.CategoricalDistribution(
                range(len(setting.values))
            )
            for setting in settings
        },
    }
    adopt(list(known.values()))
    while done < trials:
        with _kept_in(study):
            asked = [found.ask(spaces) for _ in range(min(workers, trials - done))]
        keys = [repr(_choice(trial.params, devices, settings)) for trial in asked]
        new: dict[str, Choice] = {}
        for trial, key in zip(asked, keys, strict=True):
            if key not in known:  # the sampler may propose a point again
                new.setdefault(key, _choice(trial.params, devices, settings))
        if new:
            known.update(zip(new, compute(list(new.values())), strict=True))
        with _kept_in(study):
            for trial, key in zip(asked, keys, strict=True):
                record = known[key]
                trial.set_user_attr(_RECORD, record)
                # Optuna keeps numbers only: no figure is as bad as a large excess.
                excess = [min(bound.excess(record), _LARGE) for bound in bounds]
                trial.set_user_attr(_EXCESS, excess)
                if "error" in record or any(goal not in record for goal in goals):
                    found.tell(trial, state=states.PRUNED)
                else:
                    found.tell(trial, [float(record[goal]) for goal in goals])
        done += len(asked)


@contextlib.contextmanager
def _kept_in(study: str | os.PathLike[str] | None) -> Iterator[None]:
    """Whatever a file or database of a study raises is an error with its name."""
    try:
        yield
    except PumiceError:
        raise
    except Exception as error:
        if study is None:
            raise
        raise FileError(f"cannot keep a study in '{study}': {error}") from None


def _sampler(optuna: Any, name: str, seed: int, trials: int, constrained: bool) -> Any:
    """One of Optuna's samplers."""

    def excess(trial: Any) -> list[float]:
        found: list[float] = trial.user_attrs[_EXCESS]
        return found

    options: dict[str, Any] = {"seed": seed}
    if constrained:
        options["constraints_func"] = excess
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions disagree on how to state constraints
        if name == "tpe":
            return optuna.samplers.TPESampler(n_startup_trials=min(10, trials), **options)
        return optuna.samplers.NSGAIISampler(population_size=min(50, trials), **options)


def _check_space(
    found: Any, devices: Sequence[Device], settings: Sequence[Setting], study: str | None
) -> None:
    """Trials hold numbers of devices and values: they mean the same in each call or nothing."""
    space = {
        "devices": [device.fields for device in devices],
        "settings": [[list(s.fields), [list(values) for values in s.values]] for s in settings],
    }
    text = hashlib.sha256(json.dumps(space, sort_keys=True).encode()).hexdigest()
    if found.user_attrs.get(_SPACE, text) != text:
        raise PumiceError(f"expected a study of the same devices and fields in '{study}'")
    found.set_user_attr(_SPACE, text)


def _choice(
    params: Mapping[str, Any], devices: Sequence[Device], settings: Sequence[Setting]
) -> Choice:
    """What the parameters of a trial stand for."""
    values = [setting.values[params[",".join(setting.fields)]] for setting in settings]
    return devices[params["device"]], assigned(settings, values)


def _storage(study: str | os.PathLike[str] | None) -> Any:
    """Where Optuna keeps a study; in memory without a place."""
    if study is None or "://" in str(study):
        return None if study is None else str(study)
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    lock = JournalFileSymlinkLock(str(study))
    if os.path.isfile(study):
        lock.acquire()  # nobody is in the middle of a line
        try:
            kept_lines(Path(study))
        finally:
            lock.release()
    return JournalStorage(JournalFileBackend(str(study), lock_obj=lock))
