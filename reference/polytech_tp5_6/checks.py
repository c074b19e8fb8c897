"""Checks of what the sheet itself states: the network of 2.1 and the five improvements of part 3.

Ordinary pytest functions: the docstring says what is checked, `@check` what it is worth. One mistake costs half
of its item, once; `fault` names it, so that later stages that carry it lose nothing more. This file ships to
students: it holds nothing that the sheet leaves to be found out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.checking import StageEvidence, check, failed, manual, not_run, remark
from grader.checking.architecture import Departure, describe, first_departure, tail
from grader.checking.preprocessing import constants, named, padding, random_ones, side
from grader.checking.rates import falls_by, first_factor, is_still
from grader.model import Outcome, Place

NETWORK = (
    ("conv1", "conv 3->32 k5 s1 p2"), ("la ReLU de conv1", "relu"), ("pool1", "pool k2 s2"),
    ("conv2", "conv 32->64 k5 s1 p2"), ("la ReLU de conv2", "relu"), ("pool2", "pool k2 s2"),
    ("conv3", "conv 64->64 k5 s1 p2"), ("la ReLU de conv3", "relu"), ("pool3", "pool k2 s2"),
    ("fc4", "linear 1024->1000"), ("la ReLU de fc4", "relu"), ("fc5", "linear 1000->10"),
)  # fmt: skip
"""Section 2.1, in the canonical notation; `conserver les dimensions spatiales` is question 8."""

MEANS = ((0.491, 0.482, 0.447), (0.493, 0.484, 0.448))
"""The sheet's, and those of the JPEG copy of the images."""
DEVIATIONS = ((0.202, 0.199, 0.201), (0.247, 0.243, 0.262))
"""The sheet's, means of each image's own; and those over the training set, which its text describes."""
TOLERANCE = 0.002
SLIP = 0.03
"""Further off than a slip of a digit (0.491 for 0.419 is one), constants are other constants."""
MOMENTUM = 0.9
DECAY = 0.95
HALF = 0.5
QUARTER_POINT_OF_Q15 = 0.25 / 1.75
RESULT = 0.15

OURS = ("time_limit", "memory_limit", "process_limit", "output_limit", "disk_limit", "killed", "no_recording",
        "recording_invalid", "samples_invalid", "import_error", "file_not_found", "attribute_error")  # fmt: skip
"""Ends of a program that our own limits or an older library may have caused: a person decides."""


@dataclass(frozen=True)
class Mistake:
    """Something wrong in a run, with the words for it and the share of its item it costs."""

    fault: str
    fr: str
    en: str
    place: Place | None = None
    cost: float = HALF
    confirmed: bool = True
    """False when only the program itself shows it and its source does not say the same."""


def judge(mistake: Mistake | None) -> None:
    """End the check over `mistake`, if there is one; a person decides what is not confirmed."""
    if mistake is None:
        return
    if not mistake.confirmed:
        manual(fr=f"{mistake.fr} Une personne le vérifiera.", en=f"{mistake.en} A person will look.", place=mistake.place)
    failed(fr=mistake.fr, en=mistake.en, fault=mistake.fault, place=mistake.place, cost=mistake.cost)


# ---------------------------------------------------------------- what can be wrong with a run


def wrong_network(stage: StageEvidence) -> Mistake | None:
    """The first layer that departs from section 2.1, whatever way the network is written."""
    departure = first_departure(stage.examination.canonical, NETWORK)
    if departure is None:
        return None
    small = stage.recipe.network.input_shape[-1] < 32
    if departure.layer == "fc4" and departure.kind == "inputs" and small:
        return Mistake(
            "pool3_ceil_mode",
            "Avec des images de 28×28, pool3 ne donne plus 4×4 et fc4 change de taille : le sujet demande l'option "
            "ceil_mode=True sur pool3 pour garder le même nombre de paramètres.",
            "With 28×28 images pool3 no longer gives 4×4 and fc4 changes size: the sheet asks for ceil_mode=True on "
            "pool3 so as to keep the same number of parameters.",
            stage.place("network"),
        )  # fmt: skip
    fr, en = _departure_told(departure)
    return Mistake(f"architecture_{departure.layer.split()[-1]}_{departure.kind}", fr, en, stage.place("network"))


def _departure_told(departure: Departure) -> tuple[str, str]:
    layer = departure.layer
    english = layer.replace("la ReLU de", "the ReLU of")
    found, wanted = describe(departure.found), describe(departure.expected)
    if departure.kind == "padding":
        return (
            f"{layer} ne garde pas les dimensions spatiales de son entrée ({found.fr}), ce que le sujet demande "
            "(question 8) : revoyez son padding.",
            f"{layer} does not keep the spatial dimensions of its input ({found.en}), which the sheet asks for "
            "(question 8): have another look at its padding.",
        )
    if departure.kind == "missing" and departure.expected == "relu":
        return (
            f"Il manque {layer} : le sujet fait suivre cette couche d'une ReLU, ajoutez-la.",
            f"{english[:1].upper()}{english[1:]} is missing: the sheet has a ReLU follow that layer, add it.",
        )
    if departure.kind == "inputs":
        return (
            f"{layer} ne reçoit pas le nombre d'entrées attendu ({found.fr}) : vérifiez les couches qui la précèdent.",
            f"{layer} does not get the expected number of inputs ({found.en}): check the layers before it.",
        )
    if departure.kind == "unexpected":
        return (
            f"Après {layer} le réseau continue avec {found.fr}, alors que le sujet s'arrête là : retirez cette couche.",
            f"After {english} the network goes on with {found.en}, where the sheet stops: take that layer out.",
        )
    return (
        f"Première différence avec le sujet : à la place de {layer} on trouve {found.fr} ; il demande {wanted.fr}.",
        f"First difference from the sheet: in the place of {english} there is {found.en}; it asks for {wanted.en}.",
    )


def wrong_output(stage: StageEvidence) -> Mistake | None:
    """What follows fc5: a ReLU on the scores, a softmax that the loss applies again, or a loss that lacks one."""
    after, loss = tail(stage.examination.canonical), stage.recipe.optimisation.loss
    place = stage.place("network")
    if any(line.split(" ")[0] in ("relu", "relu6", "tanh", "sigmoid", "leaky_relu", "elu") for line in (*after, *loss.before)):
        return Mistake(
            "activation_on_scores",
            "Une activation est appliquée aux dix scores de fc5 et en perd une partie : retirez-la, seul un softmax suit fc5.",
            "An activation is applied to the ten scores of fc5 and loses part of them: take it out, only a softmax follows fc5.",
            place,
        )  # fmt: skip
    ends = [line.split(" ")[0] for line in (*after, *loss.before)]
    if "softmax" in ends and loss.name == "cross_entropy":
        fact = stage.fact("softmax_before_loss")
        return Mistake(
            "softmax_before_cross_entropy",
            "Le softmax est appliqué deux fois : nn.CrossEntropyLoss en contient déjà un, donnez-lui les scores de fc5 tels quels.",
            "Softmax is applied twice: nn.CrossEntropyLoss holds one already, give it the scores of fc5 as they are.",
            place or stage.place("loss"),
            QUARTER_POINT_OF_Q15,
            confirmed="softmax" in after or (fact is not None and fact.confirmed),
        )  # fmt: skip
    if loss.name == "nll_loss" and "log_softmax" not in ends and "log" not in ends:
        return Mistake(
            "nll_without_log_softmax",
            "nn.NLLLoss attend des log-probabilités : faites suivre fc5 d'un LogSoftmax, ou utilisez nn.CrossEntropyLoss.",
            "nn.NLLLoss expects log-probabilities: have LogSoftmax follow fc5, or use nn.CrossEntropyLoss.",
            stage.place("loss"),
        )  # fmt: skip
    return None


def fixed_batch(stage: StageEvidence) -> Mistake | None:
    """A batch size written into the network, as in `view(8, -1)`."""
    if "fixed_batch_size" not in stage.examination.flags:
        return None
    return Mistake(
        "fixed_batch_size",
        "Le nombre d'images d'un batch est écrit en dur dans le réseau : écrivez x.view(x.size(0), -1), pour que le dernier "
        "batch, plus court, passe aussi.",
        "The number of images in a batch is hard-coded in the network: write x.view(x.size(0), -1), so that the last, "
        "shorter batch goes through too.",
        stage.place("network"),
        QUARTER_POINT_OF_Q15,
    )  # fmt: skip


LOOP = {
    "clears_gradients": (
        True,
        "Les gradients ne sont pas remis à zéro à chaque batch et s'accumulent : appelez optimizer.zero_grad() avant loss.backward().",
        "Gradients are not cleared at each batch and add up: call optimizer.zero_grad() before loss.backward().",
    ),
    "trains_on_test_images": (
        False,
        "L'apprentissage se fait aussi sur les images de test : gardez-les pour l'évaluation seulement.",
        "Training uses the test images too: keep them for the evaluation alone.",
    ),
    "evaluates_on_test_images": (
        True,
        "L'évaluation ne se fait pas sur les images de test (train=False) : mesurez la précision sur elles.",
        "The evaluation is not made on the test images (train=False): measure the accuracy on those.",
    ),
}  # fmt: skip
"""Facts of the training loop: the right value, and the words when it is another one."""


def wrong_loop(stage: StageEvidence) -> Mistake | None:
    """The first thing wrong with the training loop: gradients never cleared, no step, test images learnt."""
    loop = stage.recipe.loop
    for name, (right, fr, en) in LOOP.items():
        value = getattr(loop, name)
        if value is not None and value != right:
            return _of_loop(stage, name, fr, en)
    if loop.steps_per_batch == 0:
        return _of_loop(
            stage,
            "steps_per_batch",
            "optimizer.step() n'est jamais appelé : les poids ne changent pas.",
            "optimizer.step() is never called: the weights do not change.",
        )
    if loop.untrained:
        count = len(loop.untrained)
        return _of_loop(
            stage,
            "untrained",
            f"L'optimiseur ne reçoit pas tous les poids ({count} tenseurs oubliés) : donnez-lui model.parameters().",
            f"The optimizer does not get all weights ({count} tensors left out): give it model.parameters().",
        )
    return None


def _of_loop(stage: StageEvidence, name: str, fr: str, en: str) -> Mistake:
    fact = stage.fact(name)
    place = (fact.place if fact is not None else None) or stage.place("training_loop")
    return Mistake(f"loop_{name}", fr, en, place, confirmed=fact is not None and fact.confirmed)


def stops_early(stage: StageEvidence) -> Mistake | None:
    """The program of this stage did not run to its end."""
    problem = stage.recording.problem if stage.recording is not None else None
    if problem is None:
        return None
    return Mistake(
        f"stops_{stage.recording.entry.path}",
        f"{problem.text.fr} Le programme doit aller au bout de l'apprentissage.",
        f"{problem.text.en} The program must reach the end of its training.",
        problem.place,
        confirmed=problem.kind not in OURS,
    )


def wrong_constants(stage: StageEvidence) -> Mistake | None:
    """Training images are not normalised with means and deviations of CIFAR-10."""
    train = constants(stage.recipe.data.train)
    place = stage.place("train_transforms")
    if train is None and constants(stage.recipe.data.evaluation) is not None:
        return Mistake(
            "normalization_test_only",
            "Les images d'apprentissage ne sont pas normalisées alors que celles de test le sont : normalisez les deux.",
            "Training images are not normalised although test images are: normalise both.",
            place,
        )
    if train is None:
        return Mistake(
            "normalization_absent",
            "Aucune normalisation à trois canaux n'est appliquée : ajoutez transforms.Normalize après ToTensor.",
            "No normalisation of three channels is applied: add transforms.Normalize after ToTensor.",
            place,
        )
    if _off(train) <= SLIP:
        return None
    return Mistake(
        "normalization_constants",
        f"La normalisation utilise {_listed(train[0])} et {_listed(train[1])} ; le sujet donne μ = [0.491, 0.482, 0.447] et "
        "σ = [0.202, 0.199, 0.201].",
        f"The normalisation uses {_listed(train[0])} and {_listed(train[1])}; the sheet gives μ = [0.491, 0.482, 0.447] and "
        "σ = [0.202, 0.199, 0.201].",
        place,
    )  # fmt: skip


def _off(found: tuple[tuple[float, ...], tuple[float, ...]]) -> float:
    """Return by how much the constants miss, all six, the nearest of the right ones; digits swapped count as a slip."""
    return max(min(_distance(found[0], right) for right in MEANS), min(_distance(found[1], right) for right in DEVIATIONS))


def _distance(found: tuple[float, ...], right: tuple[float, ...]) -> float:
    apart = sorted(abs(one - other) for one, other in zip(found, right, strict=True))
    swapped = apart[1] <= TOLERANCE and any(
        sorted(f"{one:.3f}") == sorted(f"{other:.3f}") and one != other for one, other in zip(found, right, strict=True)
    )
    return min(apart[-1], SLIP) if swapped else apart[-1]


def _listed(values: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{value:.4g}" for value in values) + "]"


def normalised_otherwise_in_test(stage: StageEvidence) -> Mistake | None:
    """Test images must be normalised with the constants of training."""
    train, test = constants(stage.recipe.data.train), constants(stage.recipe.data.evaluation)
    if train is None or stage.recipe.data.evaluation is None or train == test:
        return None
    place = stage.place("evaluation_transforms") or stage.place("train_transforms")
    if test is None:
        return Mistake(
            "normalization_train_only",
            "Les images de test ne sont pas normalisées : appliquez-leur la même normalisation qu'en apprentissage.",
            "Test images are not normalised: apply to them the same normalisation as in training.",
            place,
        )
    return Mistake(
        "normalization_differs_in_test",
        "Les images de test sont normalisées avec d'autres constantes que celles d'apprentissage : reprenez les mêmes.",
        "Test images are normalised with other constants than training images: take the same ones.",
        place,
    )


def wrong_crop(stage: StageEvidence) -> Mistake | None:
    """Training images are cropped at random: 28 of 32, or 32 of a padded image."""
    train = stage.recipe.data.train
    crop = named(train, "RandomCrop")
    size, border = side(crop), padding(train, crop)
    if crop is not None and size is not None and (size == 28 or (size == 32 and border > 0)):
        return None
    place = stage.place("train_transforms")
    if crop is not None and size == 32:
        return Mistake(
            "augmentation_crop",
            "RandomCrop(32) sans padding ne change rien à une image de 32×32 : prenez une taille de 28, ou ajoutez padding=4.",
            "RandomCrop(32) without padding changes nothing in a 32×32 image: take a size of 28, or add padding=4.",
            place,
        )
    seen = f"RandomCrop({size})" if crop is not None else "aucun RandomCrop"
    seen_en = f"RandomCrop({size})" if crop is not None else "no RandomCrop"
    return Mistake(
        "augmentation_crop",
        f"En apprentissage on trouve {seen} ; le sujet demande un crop aléatoire de taille 28.",
        f"In training there is {seen_en}; the sheet asks for a random crop of size 28.",
        place,
    )


def wrong_flip(stage: StageEvidence) -> Mistake | None:
    """Training images are mirrored one time in two."""
    flip = named(stage.recipe.data.train, "RandomHorizontalFlip")
    chance = flip.arguments.get("p", 0.5) if flip is not None else None
    if chance == 0.5:
        return None
    place = stage.place("train_transforms")
    if flip is None:
        return Mistake(
            "augmentation_flip",
            "Il manque la symétrie horizontale aléatoire en apprentissage : ajoutez transforms.RandomHorizontalFlip().",
            "The random horizontal flip is missing in training: add transforms.RandomHorizontalFlip().",
            place,
        )
    return Mistake(
        "augmentation_flip",
        f"La symétrie horizontale est appliquée avec probabilité {chance} ; le sujet demande une chance sur deux.",
        f"The horizontal flip is applied with probability {chance}; the sheet asks for one chance in two.",
        place,
    )


def wrong_test_images(stage: StageEvidence) -> Mistake | None:
    """Test images are never random, and have the size of training images."""
    data = stage.recipe.data
    if data.evaluation is None:
        return None
    place = stage.place("evaluation_transforms") or stage.place("train_transforms")
    random = random_ones(data.evaluation)
    if random:
        return Mistake(
            "augmentation_in_test",
            f"Les images de test sont elles aussi transformées au hasard ({', '.join(random)}) : en test, gardez un crop centré.",
            f"Test images are changed at random too ({', '.join(random)}): in test, keep a centre crop.",
            place,
        )
    size, given = side(named(data.train, "RandomCrop")), named(data.evaluation, "CenterCrop")
    given = given or named(data.evaluation, "Resize")
    if size == 28 and side(given) != 28:
        return Mistake(
            "augmentation_test_size",
            "Les images de test n'ont pas la taille de celles d'apprentissage : ajoutez transforms.CenterCrop(28) en test.",
            "Test images do not have the size of training images: add transforms.CenterCrop(28) in test.",
            place,
        )
    return None


def wrong_momentum(stage: StageEvidence) -> Mistake | None:
    """SGD with a momentum of 0.9 for every weight."""
    optimisation = stage.recipe.optimisation
    momenta = [group.options.get("momentum", 0) for group in optimisation.groups]
    if optimisation.optimizer == "SGD" and all(value == MOMENTUM for value in momenta):
        return None
    place = stage.place("optimizer")
    if optimisation.optimizer != "SGD":
        return Mistake(
            "momentum",
            f"L'optimiseur est {optimisation.optimizer} ; le sujet demande SGD avec un momentum de 0.9.",
            f"The optimizer is {optimisation.optimizer}; the sheet asks for SGD with a momentum of 0.9.",
            place,
        )
    seen = ", ".join(f"{value:g}" if isinstance(value, int | float) else str(value) for value in dict.fromkeys(momenta))
    return Mistake(
        "momentum",
        f"Le momentum vaut {seen} ; le sujet demande 0.9 : écrivez momentum=0.9 dans SGD.",
        f"Momentum is {seen}; the sheet asks for 0.9: write momentum=0.9 in SGD.",
        place,
    )


def wrong_decay(stage: StageEvidence) -> Mistake | None:
    """The learning rate falls by 0.95 after each epoch, by whatever means."""
    schedule = stage.recipe.optimisation.schedule
    if falls_by(schedule.rates, DECAY):
        return None
    place = stage.place("scheduler") or stage.place("optimizer")
    if schedule.stepped == "after_training":
        return Mistake(
            "decay_stepped_once",
            "Le scheduler n'avance qu'une fois, après la boucle : appelez lr_sched.step() à la fin de chaque époque.",
            "The scheduler is stepped only once, after the loop: call lr_sched.step() at the end of each epoch.",
            place,
        )
    if schedule.stepped == "batch":
        return Mistake(
            "decay_every_batch",
            "Le scheduler avance à chaque batch, et le pas s'annule vite : appelez lr_sched.step() une fois par époque.",
            "The scheduler is stepped at every batch and the rate soon vanishes: call lr_sched.step() once an epoch.",
            place,
        )
    if is_still(schedule.rates):
        return Mistake(
            "decay_absent",
            "Le learning rate ne diminue pas ; le sujet demande de le multiplier par 0.95 après chaque époque.",
            "The learning rate does not fall; the sheet asks to multiply it by 0.95 after each epoch.",
            place,
        )
    factor = first_factor(schedule.rates) or 0.0
    return Mistake(
        "decay_value",
        f"Le learning rate n'est pas multiplié par 0.95 à chaque époque (la première fois, par {factor:.3g}).",
        f"The learning rate is not multiplied by 0.95 at each epoch (the first time, by {factor:.3g}).",
        place,
    )


def _layers(canonical: tuple[str, ...]) -> list[str]:
    return [line.split(" ")[0] for line in canonical]


def _is_dropout(kind: str) -> bool:
    return "dropout" in kind


def wrong_dropout_place(stage: StageEvidence) -> Mistake | None:
    """One dropout between fc4 and fc5, before or after the ReLU."""
    kinds = _layers(stage.examination.canonical)
    linear = [place for place, kind in enumerate(kinds) if kind == "linear"]
    at = [place for place, kind in enumerate(kinds) if _is_dropout(kind)]
    if len(linear) >= 2 and any(linear[-2] < place < linear[-1] for place in at):
        return None
    place = stage.place("network")
    if not at:
        return Mistake(
            "dropout_absent",
            "Aucun dropout n'est actif pendant l'apprentissage : ajoutez-en un entre fc4 et fc5.",
            "No dropout is active during training: add one between fc4 and fc5.",
            place,
        )
    return Mistake(
        "dropout_place",
        "Le dropout n'est pas entre fc4 et fc5 : placez-le juste avant la dernière couche.",
        "Dropout does not stand between fc4 and fc5: place it just before the last layer.",
        place,
    )


def wrong_dropout_mode(stage: StageEvidence) -> Mistake | None:
    """Dropout is active in training only: inert in evaluation."""
    nodes = stage.recipe.network.evaluation.nodes
    always = [node for node in nodes if node.op == "function" and _is_dropout(node.target)
              and _argument(node.keywords.get("training"), node.arguments, 2)]  # fmt: skip
    if always:
        return Mistake(
            "dropout_always_on",
            "Le dropout reste actif en évaluation : passez training=self.training à F.dropout, ou utilisez nn.Dropout.",
            "Dropout stays active in evaluation: pass training=self.training to F.dropout, or use nn.Dropout.",
            stage.place("network"),
        )
    return evaluates_in_train_mode(stage)


def _argument(keyword: object, arguments: tuple[object, ...], place: int) -> bool:
    """Return the flag as given by name or by place; `training` of F.dropout is true when it is not given."""
    if keyword is not None:
        return bool(keyword)
    return bool(arguments[place]) if len(arguments) > place else True


def evaluates_in_train_mode(stage: StageEvidence) -> Mistake | None:
    """The network is evaluated in train mode, which matters from dropout on."""
    if stage.recipe.loop.evaluates_in_eval_mode is not False:
        return None
    mistake = _of_loop(
        stage,
        "evaluates_in_eval_mode",
        "Le réseau est évalué en mode apprentissage : appelez model.eval() avant le test (et model.train() après), sinon "
        "dropout et batch normalization y restent actifs.",
        "The network is evaluated in training mode: call model.eval() before the test (and model.train() after), else "
        "dropout and batch normalisation stay active there.",
    )  # fmt: skip
    return mistake


def wrong_batchnorm(stage: StageEvidence) -> Mistake | None:
    """A 2d batch normalisation right after each convolution."""
    kinds = _layers(stage.examination.canonical)
    convolutions = [place for place, kind in enumerate(kinds) if kind == "conv"]
    bare = [number for number, place in enumerate(convolutions, start=1) if kinds[place + 1 : place + 2] != ["batch_norm"]]
    if convolutions and not bare:
        return None
    names = ", ".join(f"conv{number}" for number in bare) or "conv1, conv2, conv3"
    return Mistake(
        "batchnorm_place",
        f"Pas de batch normalization juste après {names} ; le sujet en demande une après chaque convolution.",
        f"No batch normalisation right after {names}; the sheet asks for one after each convolution.",
        stage.place("network"),
    )


MISTAKES: dict[str, tuple[Callable[[StageEvidence], Mistake | None], ...]] = {
    "": (wrong_network, wrong_output, fixed_batch, wrong_loop),
    "normalization": (wrong_constants, normalised_otherwise_in_test),
    "augmentation": (wrong_crop, wrong_flip, wrong_test_images),
    "optimizer": (wrong_momentum, wrong_decay),
    "dropout": (wrong_dropout_place, wrong_dropout_mode),
    "batchnorm": (wrong_batchnorm, evaluates_in_train_mode),
}
"""What can be wrong, by the ingredient that makes it matter; the first for every run."""


def mistakes(stage: StageEvidence) -> Iterator[Mistake]:
    """Yield all that is wrong with the run of a stage, what earlier stages brought into it included."""
    for name in ("", *stage.expected_ingredients):
        for find in MISTAKES[name]:
            found = find(stage)
            if found is not None:
                yield found


# ---------------------------------------------------------------- what every stage is asked


def judge_network(stage: StageEvidence) -> None:
    """Network, output and loop are those of question 15; what was counted there is not counted again."""
    for find in MISTAKES[""]:
        judge(find(stage))


def judge_result(stage: StageEvidence) -> None:
    """The retrained accuracy reaches the reference's band, unless a mistake already told explains that it does not."""
    result = stage.result
    training = result.training
    explained = next((one for one in mistakes(stage) if one.confirmed), None)
    trained = training is not None and training.outcome in (Outcome.PASSED, Outcome.FAILED)
    if not trained and explained is not None and training is not None and training.outcome is Outcome.ERROR:
        _explained(explained)
    if training is None or training.outcome is Outcome.NOT_RUN:
        not_run(
            fr="Ce budget n'entraîne pas le réseau : son résultat n'est pas jugé.",
            en="This budget does not train the network: its result is not judged.",
        )
    if training.outcome is Outcome.ERROR:
        raise RuntimeError(training.note.en if training.note is not None else "the training failed")
    accuracy = training.accuracy
    below = training.outcome is Outcome.FAILED or accuracy is None or result.judgement == "below"
    if not below:
        _above_or_within(stage, accuracy)
        return
    if explained is not None:
        _explained(explained)
    if result.band is None:
        manual(
            fr="L'apprentissage refait ne converge pas, et il n'y a pas de repère dans ces conditions : une personne regardera.",
            en="The training made again does not converge, and there is no yardstick under these conditions: a person will look.",
            place=stage.place("training_loop"),
        )
    if stage.examination.flags or any(not one.confirmed for one in mistakes(stage)):
        manual(
            fr="Le résultat refait est sous celui de la référence, mais ce réseau n'a pu être rejoué à l'identique.",
            en="The result made again is below the reference's, but this network could not be replayed exactly.",
        )
    seen = "n'est pas un nombre" if accuracy is None else f"donne {accuracy:.1%} en test".replace(".", ",")
    seen_en = "is not a number" if accuracy is None else f"gives {accuracy:.1%} in test"
    failed(
        fr=f"L'apprentissage refait avec votre recette {seen} ; la référence obtient au moins {result.band.lower:.1%} dans les "
        "mêmes conditions : vérifiez le pas d'apprentissage et l'initialisation.",
        en=f"Training your recipe again {seen_en}; the reference reaches at least {result.band.lower:.1%} under the same "
        "conditions: check the learning rate and the initialisation.",
        fault=f"result_{stage.stage.id}",
        place=stage.place("optimizer"),
    )  # fmt: skip


def _above_or_within(stage: StageEvidence, accuracy: float) -> None:
    if stage.result.judgement == "not_calibrated" or stage.result.band is None:
        if accuracy < 2 / stage.evidence.assignment.classes:
            manual(
                fr=f"L'apprentissage refait reste près du hasard ({accuracy:.1%}), sans repère dans ces conditions : une personne regardera.",
                en=f"The training made again stays near chance ({accuracy:.1%}), with no yardstick under these conditions: a person will look.",
            )
        remark(
            fr=f"L'apprentissage refait donne {accuracy:.1%} en test ; sans repère dans ces conditions, ce chiffre informe seulement.",
            en=f"The training made again gives {accuracy:.1%} in test; with no yardstick under these conditions, it only informs.",
        )


def _explained(mistake: Mistake) -> None:
    failed(
        fr=f"Le résultat est en dessous de l'attendu, ce qui s'explique par une erreur déjà signalée : {mistake.fr}",
        en=f"The result is below what is expected, which a mistake already told explains: {mistake.en}",
        fault=mistake.fault,
        place=mistake.place,
        cost=0.0,
    )


def flagged(stage: StageEvidence) -> tuple[str, ...]:
    """Return the flags of a run that a person must look at: weights that were not drawn or not learnt."""
    told = ("frozen_parameters", "unknown_initial_values", "constant_tensors")
    return tuple(flag for flag in stage.examination.flags if flag in told)


# ---------------------------------------------------------------- Q15: the network of section 2.1


@check(item="Q15", stage="baseline", cost=HALF, fr="Architecture du réseau", en="Architecture of the network")
def test_15_architecture(stage: StageEvidence) -> None:
    """The layers are those of section 2.1, in any equivalent writing."""
    judge(wrong_network(stage))


@check(item="Q15", stage="baseline", cost=HALF, fr="Sortie du réseau et fonction de coût", en="Output and loss function")
def test_15_output(stage: StageEvidence) -> None:
    """One softmax follows fc5, in the network or in the loss."""
    judge(wrong_output(stage))
    if stage.recipe.optimisation.loss.name not in ("cross_entropy", "nll_loss"):
        manual(
            fr="La fonction de coût n'est pas l'entropie croisée : une personne regardera.",
            en="The loss is not cross entropy: a person will look.",
            place=stage.place("loss"),
        )


@check(item="Q15", stage="baseline", cost=QUARTER_POINT_OF_Q15, fr="Taille de batch libre", en="Any batch size")
def test_15_batch(stage: StageEvidence) -> None:
    """The network takes batches of any size."""
    judge(fixed_batch(stage))


@check(item="Q15", stage="baseline", cost=HALF, fr="Boucle d'apprentissage", en="Training loop")
def test_15_loop(stage: StageEvidence) -> None:
    """Gradients are cleared, all weights are learnt, on training images only."""
    judge(wrong_loop(stage))


@check(item="Q15", stage="baseline", cost=1.0, fr="Réseau appris à partir de zéro", en="Network learnt from scratch")
def test_15_from_scratch(stage: StageEvidence) -> None:
    """Weights are drawn at random and all learnt."""
    flags = flagged(stage)
    if flags:
        manual(
            fr="Des poids ne sont pas tirés au hasard ou pas appris (pré-entraînés ou figés ?) : une personne décidera.",
            en="Some weights are not drawn at random or not learnt (pretrained or frozen?): a person will decide.",
            place=stage.place("network"),
            teacher=None,
        )


@check(item="Q15", stage="baseline", cost=HALF, fr="Programme mené à son terme", en="Program run to its end")
def test_15_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(stops_early(stage))


@check(item="Q15", stage="baseline", cost=RESULT, fr="Résultat de l'apprentissage refait", en="Result of the training made again")
def test_15_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.1: normalisation


@check(item="3.1", stage="normalization", cost=HALF, fr="Constantes de normalisation", en="Constants of the normalisation")
def test_31_constants(stage: StageEvidence) -> None:
    """Means and deviations are the sheet's or the data's own; a slip of a digit is a remark."""
    judge(wrong_constants(stage))
    found = constants(stage.recipe.data.train)
    if found is not None and _off(found) > TOLERANCE:
        remark(
            fr=f"Une constante semble mal recopiée : {_listed(found[0])} et {_listed(found[1])} ; rien n'est retiré.",
            en=f"A constant seems miscopied: {_listed(found[0])} and {_listed(found[1])}; nothing is taken off.",
            place=stage.place("train_transforms"),
        )


@check(item="3.1", stage="normalization", cost=HALF, fr="Même normalisation en test", en="Same normalisation in test")
def test_31_same_in_test(stage: StageEvidence) -> None:
    """Test images are normalised with the constants of training."""
    judge(normalised_otherwise_in_test(stage))


@check(item="3.1", stage="normalization", cost=HALF, fr="Réseau et boucle inchangés", en="Network and loop unchanged")
def test_31_network(stage: StageEvidence) -> None:
    """Nothing but the normalisation changes."""
    judge_network(stage)


@check(item="3.1", stage="normalization", cost=HALF, fr="Programme mené à son terme", en="Program run to its end")
def test_31_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(stops_early(stage))


@check(item="3.1", stage="normalization", cost=RESULT, fr="Résultat de l'apprentissage refait", en="Result of the training made again")
def test_31_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.2: augmentation


@check(item="3.2", stage="augmentation", cost=HALF, fr="Crop aléatoire en apprentissage", en="Random crop in training")
def test_32_crop(stage: StageEvidence) -> None:
    """A random crop of 28; 32 out of a padded image is the sheet's second strategy, with a remark."""
    judge(wrong_crop(stage))
    if side(named(stage.recipe.data.train, "RandomCrop")) == 32:
        remark(
            fr="Crop de 32×32 dans l'image agrandie d'un bord : c'est la seconde stratégie du sujet, elle convient.",
            en="A crop of 32×32 out of the padded image: this is the sheet's second strategy, and fine.",
            place=stage.place("train_transforms"),
        )


@check(item="3.2", stage="augmentation", cost=HALF, fr="Symétrie horizontale en apprentissage", en="Horizontal flip in training")
def test_32_flip(stage: StageEvidence) -> None:
    """A horizontal flip, one chance in two."""
    judge(wrong_flip(stage))


@check(item="3.2", stage="augmentation", cost=HALF, fr="Images de test", en="Test images")
def test_32_test_images(stage: StageEvidence) -> None:
    """Test images are cropped at the centre and never changed at random."""
    judge(wrong_test_images(stage))


@check(item="3.2", stage="augmentation", cost=HALF, fr="Réseau inchangé, même nombre de paramètres",
       en="Network unchanged, same number of parameters")  # fmt: skip
def test_32_network(stage: StageEvidence) -> None:
    """pool3 rounds up, so that fc4 keeps its size; nothing else changes."""
    judge_network(stage)


@check(item="3.2", stage="augmentation", cost=HALF, fr="Programme mené à son terme", en="Program run to its end")
def test_32_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(stops_early(stage))


@check(item="3.2", stage="augmentation", cost=RESULT, fr="Résultat de l'apprentissage refait", en="Result of the training made again")
def test_32_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.3: momentum and decay


@check(item="3.3", stage="optimizer", cost=HALF, fr="Momentum de 0.9", en="Momentum of 0.9")
def test_33_momentum(stage: StageEvidence) -> None:
    """SGD with a momentum of 0.9."""
    judge(wrong_momentum(stage))


@check(item="3.3", stage="optimizer", cost=HALF, fr="Décroissance du learning rate", en="Decay of the learning rate")
def test_33_decay(stage: StageEvidence) -> None:
    """The learning rate is multiplied by 0.95 after each epoch, by whatever means."""
    schedule = stage.recipe.optimisation.schedule
    if len(schedule.rates) < 2 and schedule.stepped != "after_training":
        manual(
            fr="Une seule époque a été vue : la décroissance du learning rate ne se constate pas, une personne regardera.",
            en="Only one epoch was seen: the decay of the learning rate cannot be observed, a person will look.",
            place=stage.place("scheduler"),
        )
    judge(wrong_decay(stage))


@check(item="3.3", stage="optimizer", cost=HALF, fr="Réseau et boucle inchangés", en="Network and loop unchanged")
def test_33_network(stage: StageEvidence) -> None:
    """Nothing but the optimizer changes."""
    judge_network(stage)


@check(item="3.3", stage="optimizer", cost=HALF, fr="Programme mené à son terme", en="Program run to its end")
def test_33_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(stops_early(stage))


@check(item="3.3", stage="optimizer", cost=RESULT, fr="Résultat de l'apprentissage refait", en="Result of the training made again")
def test_33_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.4: dropout


@check(item="3.4", stage="dropout", cost=HALF, fr="Dropout entre fc4 et fc5", en="Dropout between fc4 and fc5")
def test_34_place(stage: StageEvidence) -> None:
    """Dropout stands between fc4 and fc5, before or after the ReLU."""
    judge(wrong_dropout_place(stage))


@check(item="3.4", stage="dropout", cost=HALF, fr="Dropout inactif en évaluation", en="Dropout inert in evaluation")
def test_34_mode(stage: StageEvidence) -> None:
    """Dropout is active in training and inert in evaluation."""
    judge(wrong_dropout_mode(stage))


@check(item="3.4", stage="dropout", cost=HALF, fr="Réseau et boucle inchangés", en="Network and loop unchanged")
def test_34_network(stage: StageEvidence) -> None:
    """Nothing but the dropout changes."""
    judge_network(stage)


@check(item="3.4", stage="dropout", cost=HALF, fr="Programme mené à son terme", en="Program run to its end")
def test_34_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(stops_early(stage))


@check(item="3.4", stage="dropout", cost=RESULT, fr="Résultat de l'apprentissage refait", en="Result of the training made again")
def test_34_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)


# ---------------------------------------------------------------- 3.5: batch normalisation


@check(item="3.5", stage="batchnorm", cost=HALF, fr="Batch normalization après chaque convolution",
       en="Batch normalisation after each convolution")  # fmt: skip
def test_35_place(stage: StageEvidence) -> None:
    """A 2d batch normalisation stands right after each convolution."""
    judge(wrong_batchnorm(stage))


@check(item="3.5", stage="batchnorm", cost=HALF, fr="Évaluation en mode eval", en="Evaluation in eval mode")
def test_35_mode(stage: StageEvidence) -> None:
    """Batch normalisation uses its running statistics in evaluation."""
    judge(evaluates_in_train_mode(stage))


@check(item="3.5", stage="batchnorm", cost=HALF, fr="Réseau et boucle inchangés", en="Network and loop unchanged")
def test_35_network(stage: StageEvidence) -> None:
    """Nothing but the batch normalisation changes."""
    judge_network(stage)


@check(item="3.5", stage="batchnorm", cost=HALF, fr="Programme mené à son terme", en="Program run to its end")
def test_35_runs_to_its_end(stage: StageEvidence) -> None:
    """The program of this stage ends without an error."""
    judge(stops_early(stage))


@check(item="3.5", stage="batchnorm", cost=RESULT, fr="Résultat de l'apprentissage refait", en="Result of the training made again")
def test_35_result(stage: StageEvidence) -> None:
    """The retrained network reaches the reference's accuracy."""
    judge_result(stage)
