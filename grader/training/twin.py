"""The reference's network and images, trained the student's way: what a recipe at full budget is held against."""

from __future__ import annotations

import msgspec

from grader.model import ParameterGroup, Recipe


def twin(reference: Recipe, student: Recipe) -> Recipe:
    """Return the reference's recipe with the student's optimizer, rates, batches and epochs.

    Network, transforms, loss and loop stay the reference's. All its parameters are learnt with the options of the
    student's first group: which parameters further groups would hold there cannot be said.
    """
    parameters = tuple(path for group in reference.optimisation.groups for path in group.parameters)
    options = student.optimisation.groups[0].options if student.optimisation.groups else {}
    return msgspec.structs.replace(
        reference,
        optimisation=msgspec.structs.replace(
            reference.optimisation,
            optimizer=student.optimisation.optimizer,
            groups=(ParameterGroup(parameters=parameters, options=options),),
            schedule=student.optimisation.schedule,
            epochs=student.optimisation.epochs,
            clipping=student.optimisation.clipping,
        ),
        data=msgspec.structs.replace(
            reference.data, batch_size=student.data.batch_size, drop_last=student.data.drop_last
        ),
    )
