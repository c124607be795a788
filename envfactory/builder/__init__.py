"""Builds a task's image: base system, interpreter, locked dependencies, source, and the proof that tests run.

``build.build`` is the stage; ``ladder`` tries, ``image`` builds, ``bases`` and ``interpreters`` make what
the images share, ``rebuild`` repeats a build from a bundle.  Nothing here mines, grades or exports.
"""
