"""Saved templates."""

from dataclasses import replace

from dicomfabd.store.templates_interface import Template

CHEST = Template("Chest", "hl7", "MSH|...")


def test_a_template_is_kept_and_replaced_by_name(store):
    """The newest of a name is the one there is."""
    store.templates.put(CHEST, 10)
    store.templates.put(replace(CHEST, kind="form", content="{}"), 10)

    assert [("Chest", "form", "{}")] == [(it.name, it.kind, it.content) for it in store.templates.list()]


def test_no_more_than_so_many_are_kept(store):
    """One that is there may still be replaced."""
    store.templates.put(CHEST, 1)

    assert not store.templates.put(replace(CHEST, name="Head"), 1)
    assert store.templates.put(replace(CHEST, content="new"), 1)
    assert ["new"] == [it.content for it in store.templates.list()]


def test_a_removed_template_is_gone(store):
    """And says so when it never was."""
    store.templates.put(CHEST, 10)

    assert (True, False, []) == (
        store.templates.remove("Chest"),
        store.templates.remove("Chest"),
        store.templates.list(),
    )
