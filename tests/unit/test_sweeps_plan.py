"""Sweep files: what they expand to, and one sentence for each that asks for something that there is not."""

import re
from pathlib import Path

import pytest
from sweeps_book import PAGE, log_of, make_book, sweep_file

from dlbook.book.errors import DlbookError
from dlbook.book.sweeps import sweep
from dlbook.book.sweeps.plan import KEYS, read

HEAD = f"notebook: {PAGE}\nseeds: 2\n"


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DLBOOK_ROOT", str(tmp_path))
    make_book(tmp_path)
    return tmp_path


def test_a_grid_is_every_combination_in_the_order_of_the_file(book):
    text = HEAD + "title: Gain\ngrid: {n: [4, 2], lr: [1e-3, 0.5]}\nset: quick\nfixed: {device: cpu}\nclaims: [gain]\n"
    plan = read(sweep_file(book, text))
    pairs = [(4, 0.001), (4, 0.5), (2, 0.001), (2, 0.5)]
    assert plan.points == tuple({"n": n, "device": "cpu", "lr": lr} for n, lr in pairs)
    assert (plan.name, plan.title, plan.page, plan.seeds, plan.claims) == ("gain", "Gain", PAGE, (0, 1), ("gain",))
    assert plan.runs()[:3] == [
        {"n": 4, "device": "cpu", "lr": 0.001, "seed": 0},
        {"n": 4, "device": "cpu", "lr": 0.001, "seed": 1},
        {"n": 4, "device": "cpu", "lr": 0.5, "seed": 0},
    ]


def test_runs_stand_on_the_set_and_on_what_is_fixed(book):
    text = f"notebook: chapters/{PAGE}.ipynb\nseeds: [7, 3]\nruns: [{{n: 5}}, {{lr: 1.5}}]\nset: quick\n"
    plan = read(sweep_file(book, text))
    assert plan.points == ({"n": 5}, {"n": 64, "lr": 1.5})
    assert plan.seeds == (7, 3)
    assert plan.title == "gain"


def test_without_grid_and_runs_the_page_is_run_as_it_is(book):
    assert read(sweep_file(book, HEAD)).runs() == [{"seed": 0}, {"seed": 1}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + "sedes: 3", f"unknown key 'sedes': accepted are {', '.join(KEYS)}."),
        (HEAD + "3: 3", f"unknown key '3': accepted are {', '.join(KEYS)}."),
        ("seeds: 2", "notebook is missing: accepted is the name of a page."),
        ("seeds: 2\nnotebook: [a]", "notebook = ['a']: accepted is the name of a page."),
        ("seeds: 2\nnotebook: 09_none", f"There is no page '09_none': accepted are {PAGE}."),
        (f"notebook: {PAGE}", "seeds is missing: accepted is a count from 1, or a list"),
        (f"notebook: {PAGE}\nseeds: 0", "seeds = 0: accepted is a count from 1, or a list"),
        (f"notebook: {PAGE}\nseeds: true", "seeds = True: accepted is a count"),
        (f"notebook: {PAGE}\nseeds: [1, 1]", "seeds = [1, 1]: accepted is a count from 1, or a list of different"),
        (f"notebook: {PAGE}\nseeds: [-1]", "seeds = [-1]: accepted is a count"),
        (HEAD + "grid: {n: [1]}\nruns: [{n: 1}]", "grid and runs: accepted is one of them."),
        (HEAD + "grid: [n]", "grid = ['n']: accepted is a mapping from parameter to a list of values."),
        (HEAD + "grid: {n: 4}", "grid: n = 4: accepted is a list of values."),
        (HEAD + "grid: {n: []}", "grid: n = []: accepted is a list of values."),
        (HEAD + "grid: {seed: [1]}", "grid: 'seed': accepted are names of parameters other than seed"),
        (HEAD + "grid: {n: [4, 4]}", "the parameters {'n': 4} stand twice"),
        (HEAD + "grid: {m: [4]}", f"{PAGE} has no parameter 'm': Accepted are seed, device, n, lr."),
        (HEAD + "grid: {n: [4, 5.0]}", "n = 5.0: accepted is an integer (int), as in 512."),
        (HEAD + "grid: {n: [4, '4']}", "the parameters {'n': 4} stand twice"),
        (HEAD + "grid: {lr: [1, 1.0]}", "the parameters {'lr': 1.0} stand twice"),
        (HEAD + "runs: [{}, {n: yes}]", "n = True: accepted is an integer (int), as in 512."),
        (HEAD + "runs: {n: 4}", "runs = {'n': 4}: accepted is a list of mappings"),
        (HEAD + "runs: [4]", "runs = [4]: accepted is a list of mappings"),
        (HEAD + "fixed: 4", "fixed = 4: accepted is a mapping"),
        (HEAD + "set: slow", f"set = 'slow': accepted are the sets that {PAGE} declares: quick."),
        (HEAD + "claims: gain", "claims = 'gain': accepted is a list of names of claims."),
        (HEAD + "title: 3", "title = 3: accepted is a text."),
        (HEAD + "seeds: 3", "the key 'seeds' stands twice: accepted is once."),
        (HEAD + "grid: {n: [4", "no YAML in line"),
        ("- a", f"list: accepted are the keys {', '.join(KEYS)}."),
    ],
)
def test_a_bad_file_is_one_sentence_before_anything_runs(book, text, sentence):
    file = sweep_file(book, text)
    with pytest.raises(DlbookError, match=re.escape(f"{file}: {sentence}")) as raised:
        sweep(file)
    assert "\n" not in str(raised.value)
    assert not log_of(book)
    assert not (book / "build").exists()


def test_a_file_that_is_not_there_is_answered_with_those_that_are(book):
    sweep_file(book, HEAD)
    with pytest.raises(DlbookError, match=r"the sweeps of this book are experiments/gain\.yaml\.$"):
        sweep(book / "experiments" / "pain.yaml")


@pytest.mark.parametrize("code", [["n: int = 3"], ["1", "seed = 3"]])
def test_a_page_without_a_seed_cannot_be_swept(book, code):
    make_book(book, code)
    if len(code) == 2:  # a parameter only in name: the cell is not tagged
        path = book / "chapters" / f"{PAGE}.ipynb"
        path.write_text(path.read_text().replace('"parameters"', '"hide-input"'))
    with pytest.raises(DlbookError, match=f"{PAGE} declares no seed in a cell tagged 'parameters'"):
        sweep(sweep_file(book, HEAD))


@pytest.mark.parametrize("workers", [0, -1, True])
def test_workers_are_counted_from_one(book, workers):
    with pytest.raises(DlbookError, match=r"workers = .*: accepted is an integer from 1\."):
        sweep(sweep_file(book, HEAD), workers=workers)


def test_a_scheduler_brings_its_own_workers(book):
    with pytest.raises(DlbookError, match="not both"):
        sweep(sweep_file(book, HEAD), workers=2, scheduler="tcp://127.0.0.1:8786")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://here", "tcp://"])
def test_a_scheduler_that_is_not_there_is_one_sentence(book, address, monkeypatch):
    monkeypatch.setattr("dlbook.book.sweeps.workers.PATIENCE", "1s")
    with pytest.raises(DlbookError, match="Cannot reach a Dask scheduler at") as raised:
        sweep(sweep_file(book, HEAD), scheduler=address)
    assert "\n" not in str(raised.value)
