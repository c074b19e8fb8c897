"""What can be wrong with a network: layers, output, dropout, batch normalisation."""

from __future__ import annotations

from loop_mistakes import wrong_mode
from mistake import QUARTER_POINT_OF_Q15, Mistake

from grader.checking import StageEvidence
from grader.checking.architecture import Departure, describe, first_departure, tail

NETWORK = (
    ("conv1", "conv 3->32 k5 s1 p2"), ("la ReLU de conv1", "relu"), ("pool1", "pool k2 s2"),
    ("conv2", "conv 32->64 k5 s1 p2"), ("la ReLU de conv2", "relu"), ("pool2", "pool k2 s2"),
    ("conv3", "conv 64->64 k5 s1 p2"), ("la ReLU de conv3", "relu"), ("pool3", "pool k2 s2"),
    ("fc4", "linear 1024->1000"), ("la ReLU de fc4", "relu"), ("fc5", "linear 1000->10"),
)  # fmt: skip
"""Section 2.1, in the canonical notation; `conserver les dimensions spatiales` is question 8."""

ADAPTIVE = "adaptive_pool 4"
"""Another way to keep 4×4 at 28×28, with windows that overlap: whether it will do is for a person to say."""
ACTIVATIONS = ("relu", "relu6", "tanh", "sigmoid", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus")


def wrong_network(stage: StageEvidence) -> Mistake | None:
    """The first layer that departs from section 2.1, whatever way the network is written."""
    departure = first_departure(stage.examination.canonical, NETWORK)
    if departure is None:
        return None
    small = stage.recipe.network.input_shape[-1] < 32
    if departure.layer == "fc4" and departure.kind == "inputs" and small:
        return Mistake(
            "pool3_ceil_mode",
            "Avec des images de 28×28, pool3 ne donne plus 4×4 et fc4 change de taille : le sujet "
            "demande l'option "
            "ceil_mode=True sur pool3 pour garder le même nombre de paramètres.",
            "With 28×28 images pool3 no longer gives 4×4 and fc4 changes size: the sheet asks for "
            "ceil_mode=True on "
            "pool3 so as to keep the same number of parameters.",
            stage.place("network"),
        )  # fmt: skip
    fr, en = _departure_told(departure)
    return Mistake(
        f"architecture_{departure.layer.split()[-1]}_{departure.kind}",
        fr,
        en,
        stage.place("network"),
        confirmed=departure.found != ADAPTIVE,
    )


def _departure_told(departure: Departure) -> tuple[str, str]:
    layer = departure.layer
    english = layer.replace("la ReLU de", "the ReLU of")
    found, wanted = describe(departure.found), describe(departure.expected)
    if departure.kind == "padding":
        return (
            f"{layer} ne garde pas les dimensions spatiales de son entrée ({found.fr}), ce que le "
            "sujet demande "
            "(question 8) : revoyez son padding.",
            f"{layer} does not keep the spatial dimensions of its input ({found.en}), which the sheet "
            "asks for "
            "(question 8): have another look at its padding.",
        )
    other = departure.expected == "relu" and (departure.found or "").split(" ")[0] in ACTIVATIONS
    if departure.kind == "missing" and departure.expected == "relu" and not other:
        return (
            f"Il manque {layer} : le sujet fait suivre cette couche d'une ReLU, ajoutez-la.",
            f"{english[:1].upper()}{english[1:]} is missing: the sheet has a ReLU follow that layer, add it.",
        )
    if departure.kind == "inputs":
        return (
            f"{layer} ne reçoit pas le nombre d'entrées attendu ({found.fr}) : vérifiez les couches "
            "qui la précèdent.",
            f"{layer} does not get the expected number of inputs ({found.en}): check the layers before it.",
        )
    if departure.kind == "unexpected":
        return (
            f"Après {layer} le réseau continue avec {found.fr}, alors que le sujet s'arrête là : "
            "retirez cette couche.",
            f"After {english} the network goes on with {found.en}, where the sheet stops: take that "
            "layer out.",
        )
    return (
        f"Première différence avec le sujet : à la place de {layer} on trouve {found.fr} ; il demande "
        f"{wanted.fr}.",
        f"First difference from the sheet: in the place of {english} there is {found.en}; it asks for "
        f"{wanted.en}.",
    )


def wrong_output(stage: StageEvidence) -> Mistake | None:
    """What follows fc5: a ReLU on the scores, a softmax that the loss applies again, or a loss that lacks one."""
    after, loss = tail(stage.examination.canonical), stage.recipe.optimisation.loss
    place = stage.place("network")
    if any(line.split(" ")[0] in ACTIVATIONS for line in (*after, *loss.before)):
        return Mistake(
            "activation_on_scores",
            "Une activation est appliquée aux dix scores de fc5 et en perd une partie : retirez-la, "
            "seul un softmax suit fc5.",
            "An activation is applied to the ten scores of fc5 and loses part of them: take it out, "
            "only a softmax follows fc5.",
            place,
        )  # fmt: skip
    other_way = [line for line in after if line.startswith(("softmax dim", "log_softmax dim"))]
    if other_way:
        return Mistake(
            "softmax_over_the_batch",
            "Le softmax n'est pas pris sur les dix scores d'une image mais entre les images du batch "
            f"({other_way[0].replace(' dim', ', dim=')}) : écrivez dim=1.",
            "Softmax is not taken over the ten scores of an image but across the images of the batch "
            f"({other_way[0].replace(' dim', ', dim=')}): write dim=1.",
            place,
        )
    ends = [line.split(" ")[0] for line in (*after, *loss.before)]
    if "softmax" in ends and loss.name == "cross_entropy":
        fact = stage.fact("softmax_before_loss")
        return Mistake(
            "softmax_before_cross_entropy",
            "Le softmax est appliqué deux fois : nn.CrossEntropyLoss en contient déjà un, donnez-lui "
            "les scores de fc5 tels quels.",
            "Softmax is applied twice: nn.CrossEntropyLoss holds one already, give it the scores of "
            "fc5 as they are.",
            place or stage.place("loss"),
            QUARTER_POINT_OF_Q15,
            confirmed="softmax" in after or (fact is not None and fact.confirmed),
        )  # fmt: skip
    if loss.name == "nll_loss" and "log_softmax" not in ends and "log" not in ends:
        return Mistake(
            "nll_without_log_softmax",
            "nn.NLLLoss attend des log-probabilités : faites suivre fc5 d'un LogSoftmax, ou utilisez "
            "nn.CrossEntropyLoss.",
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
        "Le nombre d'images d'un batch est écrit en dur dans le réseau : écrivez x.view(x.size(0), "
        "-1), pour que le dernier "
        "batch, plus court, passe aussi.",
        "The number of images in a batch is hard-coded in the network: write x.view(x.size(0), -1), "
        "so that the last, "
        "shorter batch goes through too.",
        stage.place("network"),
        QUARTER_POINT_OF_Q15,
    )  # fmt: skip


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
            "Le dropout reste actif en évaluation : passez training=self.training à F.dropout, ou "
            "utilisez nn.Dropout.",
            "Dropout stays active in evaluation: pass training=self.training to F.dropout, or use "
            "nn.Dropout.",
            stage.place("network"),
        )
    return wrong_mode(stage)


def _argument(keyword: object, arguments: tuple[object, ...], place: int) -> bool:
    """Return the flag as given by name or by place; `training` of F.dropout is true when it is not given."""
    if keyword is not None:
        return bool(keyword)
    return bool(arguments[place]) if len(arguments) > place else True


def wrong_batchnorm(stage: StageEvidence) -> Mistake | None:
    """A 2d batch normalisation right after each convolution."""
    kinds = _layers(stage.examination.canonical)
    convolutions = [place for place, kind in enumerate(kinds) if kind == "conv"]
    bare = [
        number
        for number, place in enumerate(convolutions, start=1)
        if kinds[place + 1 : place + 2] != ["batch_norm"]
    ]
    if convolutions and not bare:
        return _shared_batchnorm(stage)
    names = ", ".join(f"conv{number}" for number in bare) or "conv1, conv2, conv3"
    return Mistake(
        "batchnorm_place",
        f"Pas de batch normalization juste après {names} ; le sujet en demande une après chaque convolution.",
        f"No batch normalisation right after {names}; the sheet asks for one after each convolution.",
        stage.place("network"),
    )


def _shared_batchnorm(stage: StageEvidence) -> Mistake | None:
    """One layer called after several convolutions mixes the statistics of them all."""
    network = stage.recipe.network
    uses = [
        node.target
        for node in network.train.nodes
        if node.op == "module"
        and getattr(network.modules.get(node.target), "name", "").startswith("BatchNorm")
    ]
    if len(set(uses)) == len(uses):
        return None
    return Mistake(
        "batchnorm_shared",
        "Une même couche de batch normalization sert après plusieurs convolutions, dont elle mélange "
        "les statistiques ; le sujet en demande une après chaque convolution.",
        "The same layer of batch normalisation stands after several convolutions and mixes their "
        "statistics; the sheet asks for one after each convolution.",
        stage.place("network"),
        confirmed=False,
    )
