"""Targets come and go without leaving GL in error."""

from __future__ import annotations

from installation.gl.context import collect
from installation.gl.targets import Target


def test_a_target_may_be_freed_while_it_is_drawn_into(gl):
    first = Target.make(gl, (8, 8))
    first.begin()
    first.release()
    Target.make(gl, (16, 16)).begin()
    assert gl.error == "GL_NO_ERROR"


def test_a_target_dropped_while_it_is_drawn_into_is_collected_without_an_error(gl):
    dropped = Target.make(gl, (8, 8))
    dropped.begin()
    del dropped
    collect(gl)
    Target.make(gl, (16, 16))
    assert gl.error == "GL_NO_ERROR"
