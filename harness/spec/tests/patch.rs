//! What becomes of a base by a patch, to the byte.

use ipclab_spec::{Aspect, Files, Patch, Spec, patch, patch_expecting};

fn spec() -> Spec {
    ipclab_spec::parse("greet.toml", include_str!("common/greet.toml"))
        .expect("the spec is right")
        .spec
}

fn files(files: &[(&str, &[u8])]) -> Files {
    let files = files.iter();
    files
        .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
        .collect()
}

fn read(text: &str) -> Patch {
    patch("fault.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn changes_apply_to_bytes() {
    let check = |base: &[(&str, &[u8])], text: &str, expect: &[(&str, &[u8])]| {
        let patch = read(&format!("base = \"whole\"\n{text}"));
        assert_eq!(patch.base(), "whole");
        let patched = patch.apply(&files(base));
        let patched = patched.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(patched, files(expect), "{text}");
    };
    let hello: (&str, &[u8]) = ("hello.c", b"int a;\nint b;\nint c;\n");
    let notes: (&str, &[u8]) = ("notes", b"");
    let port = "[[change]]\nfile = \"hello.c\"\nreplace = \"a\"\nwith = \"first\"\n";
    check(
        &[hello, notes],
        port,
        &[("hello.c", b"int first;\nint b;\nint c;\n"), notes],
    );
    // Several of one file, in any order; each is found in the file as it lies in the base, not in what another puts in.
    check(
        &[hello],
        &format!(
            "[[change]]\nfile = \"hello.c\"\nreplace = \"c;\"\nwith = \"a;\"\n{port}\
             [[change]]\nfile = \"hello.c\"\nreplace = '''\nint b;\n'''\nwith = \"\"\n"
        ),
        &[("hello.c", b"int first;\nint a;\n")],
    );
    // Two changes that touch.
    check(
        &[hello],
        "[[change]]\nfile = \"hello.c\"\nreplace = '''\nint a;\n'''\nwith = \"1\"\n\
         [[change]]\nfile = \"hello.c\"\nreplace = '''\nint b;\n'''\nwith = \"2\"\n",
        &[("hello.c", b"12int c;\n")],
    );
    // What is no UTF-8, and line ends of other systems, stay as they are.
    check(
        &[("hello.c", b"\xff\r\nport = 1;\r\n\xfe")],
        "[[change]]\nfile = \"hello.c\"\nreplace = \"1;\\r\\n\"\nwith = \"2;\\r\\n\"\n",
        &[("hello.c", b"\xff\r\nport = 2;\r\n\xfe")],
    );
    check(
        &[hello, notes],
        "remove = \"notes\"\n[[add]]\nfile = \"src/new.h\"\ntext = \"new\"\n",
        &[hello, ("src/new.h", b"new")],
    );
    // A file as a whole.
    check(
        &[hello, notes],
        "remove = [\"notes\"]\n[[add]]\nfile = \"notes\"\ntext = \"new\"\n",
        &[hello, ("notes", b"new")],
    );
}

#[test]
fn what_it_must_get_stands_beside_the_changes() {
    let text = "base = \"whole\"\nabout = \"quiet\"\nsays = \"nothing\"\nremove = \"hello.c\"\n\
                [fails]\ngreets = [\"output\"]\n[skips]\ngreets-again = \"greets\"\n";
    let (_, expected) = patch_expecting("fault.toml", text, &spec()).expect("nothing is wrong");
    assert_eq!(expected.about, "quiet");
    assert_eq!(expected.says, ["nothing"]);
    assert_eq!(
        expected.failing("greets"),
        Some([Aspect::Output].as_slice())
    );
    assert_eq!(
        &text[expected.fails[0].place.clone()],
        "greets = [\"output\"]"
    );
    assert!(expected.skipping("greets-again").is_some());
}

#[test]
fn the_same_changes_are_known_wherever_they_stand() {
    let check = |one: &str, other: &str, expect: bool| {
        let text = |more: &str| format!("base = \"whole\"\n{more}");
        assert_eq!(
            read(&text(one)).changes_as(&read(&text(other))),
            expect,
            "{one}{other}"
        );
    };
    let change = "[[change]]\nfile = \"a\"\nreplace = \"x\"\nwith = \"y\"\n";
    check(change, &format!("# why\nabout = \"z\"\n{change}"), true);
    check(change, &change.replace("\"y\"", "\"z\""), false);
    check(change, &format!("remove = \"b\"\n{change}"), false);
    check(
        change,
        &format!("{change}[[add]]\nfile = \"b\"\ntext = \"\"\n"),
        false,
    );
}
