"""Training and evaluation: what is guaranteed besides a falling loss."""

import copy
import math

import pytest
import torch
from torch import nn

from dlbook.data import batches
from dlbook.functional.losses import mean_squared_error
from dlbook.metrics import accuracy, r_squared
from dlbook.train import TrainingError, device_of, evaluate, evaluating, fit


def data(n=11, d=3):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, d, generator=generator)
    return x, x.sum(dim=1, keepdim=True) + torch.randn(n, 1, generator=generator)


def network():
    """Parts that behave differently in training and evaluation, one of them frozen."""
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Linear(5, 1))
    model.train()
    model[1].eval()
    return model


def state(model):
    return copy.deepcopy(model.state_dict())


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def test_scores_are_weighted_by_examples():
    x, y = data(11)
    model = nn.Linear(3, 1)
    whole = evaluate(model, [(x, y)], mse=mean_squared_error)["mse"]
    assert evaluate(model, batches(x, y, 4), mse=mean_squared_error)["mse"] == pytest.approx(whole, rel=1e-6)
    parts = [mean_squared_error(model(a), b).item() for a, b in batches(x, y, 4)]
    assert sum(parts) / len(parts) != pytest.approx(whole, rel=1e-3)  # the last batch has 3


def test_several_scores_under_their_names():
    x, y = data()
    found = evaluate(nn.Linear(3, 1), [(x, y)], mse=mean_squared_error, mae=nn.L1Loss())
    assert list(found) == ["mse", "mae"]
    assert all(type(value) is float for value in found.values())


def test_evaluation_changes_nothing():
    model, (x, y) = network(), data()
    modes, before = [m.training for m in model.modules()], state(model)

    def score(prediction, target):
        assert not any(m.training for m in model.modules())
        assert not prediction.requires_grad
        return mean_squared_error(prediction, target)

    evaluate(model, batches(x, y, 4), mse=score)
    assert [m.training for m in model.modules()] == modes
    assert same(state(model), before)  # parameters and running statistics
    assert all(p.grad is None for p in model.parameters())
    assert torch.is_grad_enabled()


def test_modes_return_after_an_error():
    model = network()
    modes = [m.training for m in model.modules()]
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert [m.training for m in model.modules()] == modes


def test_evaluation_refuses_nothing_to_do():
    x, y = data()
    with pytest.raises(ValueError, match="scores: none was given"):
        evaluate(nn.Linear(3, 1), [(x, y)])
    with pytest.raises(ValueError, match="no example"):
        evaluate(nn.Linear(3, 1), [], mse=mean_squared_error)
    with pytest.raises(ValueError, match="no example"):
        evaluate(nn.Linear(3, 1), [(x[:0], y[:0])], mse=mean_squared_error)


def run(model, pairs, *, epochs=3, rate=0.05, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    return fit(model, pairs, mean_squared_error, optimizer, epochs=epochs, **options)


def test_steps_are_those_of_a_loop_by_hand():
    x, y = data(11)
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    twin = copy.deepcopy(model)
    found = list(run(model, batches(x, y, 4)))
    optimizer, losses = torch.optim.SGD(twin.parameters(), lr=0.05), []
    for _ in range(3):
        for a, b in batches(x, y, 4):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(twin(a), b)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    assert same(state(model), state(twin))
    assert torch.equal(torch.stack([step.loss for step in found]), torch.stack(losses))
    assert [step.number for step in found] == list(range(1, 10))
    assert [step.epoch for step in found] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [step.examples for step in found] == [4, 4, 3] * 3
    assert [step.ends_epoch for step in found] == [False, False, True] * 3
    assert all(step.gradient_norm is None and not step.loss.requires_grad for step in found)


def test_nothing_happens_before_the_first_turn_and_after_the_last():
    model, pairs = nn.Linear(3, 1), batches(*data(11), 4)
    before = state(model)
    steps = run(model, pairs)
    assert same(state(model), before)
    for step in steps:
        if step.number == 2:
            break
    twin_state, twin = state(model), nn.Linear(3, 1)
    twin.load_state_dict(before)
    several = run(twin, pairs)
    next(several), next(several)
    assert same(state(twin), twin_state)  # exactly two steps were made


def test_no_epochs_are_no_steps():
    assert list(run(nn.Linear(3, 1), batches(*data(), 4), epochs=0)) == []


def test_training_mode_comes_back_when_the_loop_evaluates():
    model = nn.Sequential(nn.Linear(3, 1), nn.Dropout(0.5))
    seen = []
    model.register_forward_pre_hook(lambda module, _: seen.append(module.training))
    for _ in run(model, batches(*data(11), 4), epochs=1):
        model.eval()
    assert seen == [True, True, True]


def test_gradients_are_cleared():
    x, y = data()
    model = nn.Linear(3, 1)
    for p in model.parameters():
        p.grad = torch.full_like(p, 1e6)
    list(run(model, [(x, y)], epochs=1))
    assert all(p.grad.abs().max() < 100 for p in model.parameters())


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_clipping_keeps_the_direction():
    x, y = data()
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    free, start = copy.deepcopy(model), flat(model)
    clipped = next(run(model, [(x, y)], rate=1.0, clip=0.01))
    measured = next(run(free, [(x, y)], rate=1.0, clip=math.inf))
    assert clipped.gradient_norm == measured.gradient_norm > 0.01  # that before clipping
    moved, moved_free = flat(model) - start, flat(free) - start
    assert moved.norm().item() == pytest.approx(0.01, rel=1e-3)
    assert moved_free.norm().item() == pytest.approx(measured.gradient_norm.item(), rel=1e-4)
    assert torch.nn.functional.cosine_similarity(moved, moved_free, dim=0) > 0.9999


def test_a_small_gradient_is_not_clipped():
    x, y = data()
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    twin = copy.deepcopy(model)
    next(run(model, [(x, y)], clip=1e6))
    next(run(twin, [(x, y)]))
    assert same(state(model), state(twin))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_named_with_its_step(bad):
    x, y = data(12)
    y = y.clone()
    y[5] = bad  # in the second of three batches
    with pytest.raises(TrainingError, match=rf"The loss is {bad} at step 2 \(epoch 1\)"):
        list(run(nn.Linear(3, 1), batches(x, y, 4)))


def test_divergence_is_named_in_the_epoch_in_which_it_is_found():
    x, y = data(12)
    taken = []
    steps = run(nn.Linear(3, 1), batches(x, y, 4), epochs=200, rate=5.0)
    with pytest.raises(TrainingError, match=r"at step \d+ \(epoch \d+\): lower the learning rate"):
        taken.extend(step.number for step in steps)
    assert 3 < len(taken) < 600
    assert (len(taken) + 1) % 3 == 0  # the last step of an epoch


def test_what_cannot_be_trained_is_refused_at_the_call():
    x, y = data()
    model = nn.Linear(3, 1)
    with pytest.raises(ValueError, match="an iterator is used up"):
        run(model, iter(batches(x, y, 4)))
    with pytest.raises(ValueError, match="an iterator is used up"):
        run(model, zip(x, y, strict=True))
    with pytest.raises(ValueError, match="epochs = -1"):
        run(model, [(x, y)], epochs=-1)
    for clip in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="accepted is a number above 0"):
            run(model, [(x, y)], clip=clip)
    other = torch.optim.SGD(nn.Linear(3, 1).parameters(), lr=0.1)
    with pytest.raises(ValueError, match="it holds none of the model's parameters"):
        fit(model, [(x, y)], mean_squared_error, other, epochs=1)


def test_a_part_of_the_parameters_may_be_trained():
    x, y = data()
    model = nn.Linear(3, 1)
    before = state(model)
    optimizer = torch.optim.SGD([model.bias], lr=0.1)
    list(fit(model, [(x, y)], mean_squared_error, optimizer, epochs=2))
    assert torch.equal(model.weight, before["weight"])
    assert not torch.equal(model.bias, before["bias"])


def test_empty_data():
    with pytest.raises(ValueError, match="there is no batch in it"):
        list(run(nn.Linear(3, 1), []))


def test_data_without_a_length():
    class Endless:
        def __iter__(self):
            yield data(4)
            yield data(2)

    found = list(run(nn.Linear(3, 1), Endless(), epochs=2))
    assert [(step.examples, step.ends_epoch) for step in found] == [(4, False), (2, True)] * 2


def test_device_of_a_model_without_parameters():
    assert device_of(nn.Flatten()) == torch.device("cpu")
    assert device_of(nn.Linear(2, 2, device="meta")).type == "meta"


def test_fit_leaves_frozen_parts_in_evaluation_mode():
    model = nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 1))
    model[0].eval()
    before = model[0].running_mean.clone()
    pairs = [(torch.randn(8, 2) + 5, torch.zeros(8, 1))]
    for _ in fit(model, pairs, nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.01), epochs=3):
        assert not model[0].training
        assert model[1].training
    assert torch.equal(before, model[0].running_mean)


def test_fit_measures_and_clips_what_the_optimiser_holds():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    head = torch.optim.SGD(model[1].parameters(), lr=0.0)
    pairs = [(torch.ones(4, 2), torch.full((4, 1), 9.0))]
    norms = [step.gradient_norm for step in fit(model, pairs, nn.MSELoss(), head, epochs=3, clip=math.inf)]
    assert torch.equal(norms[0], norms[2])


def test_fit_draws_nothing_before_it_is_walked():
    data = torch.utils.data.TensorDataset(torch.ones(4, 2), torch.zeros(4, 1))
    generator = torch.Generator().manual_seed(0)
    loader = torch.utils.data.DataLoader(data, batch_size=2, shuffle=True, generator=generator)
    model, before = nn.Linear(2, 1), generator.get_state()
    fit(model, loader, nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.1), epochs=1)
    assert torch.equal(before, generator.get_state())


def test_evaluate_takes_scores_that_are_plain_numbers_and_empty_batches():
    model = nn.Linear(2, 1)
    pairs = [(torch.ones(3, 2), torch.zeros(3, 1)), (torch.ones(0, 2), torch.zeros(0, 1))]
    assert evaluate(model, pairs, two=lambda prediction, target: 2.0) == {"two": 2.0}


def test_accuracy_of_nan_is_refused():
    with pytest.raises(ValueError, match="some are nan"):
        accuracy(torch.full((2, 3), math.nan), torch.zeros(2, dtype=torch.int64))


def test_r_squared_of_constant_targets_is_refused():
    with pytest.raises(ValueError, match="all values are the same"):
        r_squared(torch.zeros(7), torch.full((7,), 0.1))
