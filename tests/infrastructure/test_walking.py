"""A page's commands are read as they stand, and what it shows under them is held against what was said."""

import pytest

from tests.support.walking import Shell, differs, steps

PAGE = """\
## Before

```
$ not this
```

## A walk

```
$ printf 'one\\ntwo 17\\n'; \\
    false
one
two …
$ echo $?
1
```

## After
"""


def test_commands_of_the_section_are_read_in_order_with_what_is_shown(tmp_path):
    (tmp_path / "page.md").write_text(PAGE)
    first, second = steps(tmp_path / "page.md", "A walk")
    assert first.command == "printf 'one\\ntwo 17\\n'; false"
    assert first.shown == ["one", "two …"]
    assert second.asks_for_status


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        (["a", "b"], "a\nb\n", True),
        (["a"], "a\nb\n", False),
        (["a", "b"], "a\n", False),
        (["b"], "a\nb\n", False),
        (["…", "b"], "a\na\nb\n", True),
        (["a", "…"], "a\nb\nc\n", True),
        (["…", "c", "…"], "a\nb\n", False),
        (["a … c"], "a   7 c\n", True),
        (["a … c"], "a 7 d\n", False),
        ([], "", True),
        ([], "said all the same\n", False),
    ],
)
def test_what_is_shown_is_what_is_said_but_for_what_is_left_out(shown, said, same):
    assert (differs(shown, said) is None) is same


def test_a_shell_keeps_what_was_set_and_speaks_of_the_pages_places(tmp_path):
    shell = Shell(tmp_path, {"PATH": "/usr/bin:/bin"}, {"/etc/piaojue": str(tmp_path / "etc")})
    try:
        assert shell.run("export PLACE=/etc/piaojue")[0] == 0
        assert shell.run("mkdir $PLACE && echo $PLACE") == (0, "/etc/piaojue\n\n")
        assert (tmp_path / "etc").is_dir()
        assert shell.run("cat; false") == (1, "\n")
    finally:
        shell.close()
