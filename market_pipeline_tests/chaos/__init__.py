"""The fault suite: a working pipeline, faults played on it, and an accountant who looks for what is missing afterwards.

`make chaos` plays all of them.  `plan` says which fault comes when and what is asked for meanwhile, `stage` is the pipeline,
`injectors` do the damage, `director` plays, `accountant` compares, `report` prints.
"""
