//! Checks the dependencies between the parts of `src/`, which `src/lib.rs` explains, by reading
//! imports.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

mod paths;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use paths::{absolute_paths, macros};
use tokens::{Token, tokens, without_tests};

/// The parts, and the other parts that each may import. `bindings` has its own rule.
const PARTS: [(&str, &[&str]); 7] = [
    ("main", &["address", "framework", "install", "plugin", "provider"]),
    ("provider", &["address", "framework", "gitlab"]),
    ("install", &["address"]),
    ("address", &[]),
    ("framework", &[]),
    ("gitlab", &[]),
    ("plugin", &[]),
];

/// The generated code, and the modules that may import it.
const BINDINGS: &str = "bindings";
const USERS_OF_BINDINGS: [&[&str]; 3] = [&["plugin"], &["framework", "service"], &[BINDINGS]];

/// The parts of `gitlab`, each of which may import itself and those before it.
const LAYERS: [&str; 4] = ["names", "sender", "endpoints", "client"];

/// The parts that must not name the product.
const NAMELESS: [&str; 3] = ["framework", "gitlab", "plugin"];
const NAMES: [&str; 3] = ["gitlab-job-token", "gitlab_job_token", "CARGO_PKG_NAME"];

/// A source file: its path below `src/`, and its text.
type File = (String, String);

/// A file that was read, without what only tests have.
struct Source<'a> {
    path: &'a str,
    module: Vec<String>,
    tokens: Vec<Token>,
    /// The modules below it that only tests have.
    tests: Vec<Vec<String>>,
}

impl Source<'_> {
    fn read((path, text): &File) -> Source<'_> {
        let module = module(path);
        let (tokens, tests) = without_tests(tokens(text));
        let tests = tests.into_iter().map(|test| [&module[..], &[test]].concat()).collect();
        Source { path, module, tokens, tests }
    }
}

/// The modules of the macros that lie at the root, by name.
type Macros<'a> = BTreeMap<&'a str, &'a [String]>;

/// Returns all that breaks the rules, a line each.
fn violations(files: &[File]) -> Vec<String> {
    let sources: Vec<Source<'_>> = files.iter().map(Source::read).collect();
    let tests: Vec<_> = sources.iter().flat_map(|source| &source.tests).collect();
    let macros: Macros<'_> = sources
        .iter()
        .flat_map(|source| macros(&source.tokens).map(|name| (name.as_str(), &source.module[..])))
        .collect();
    let is_shipped =
        |source: &&Source<'_>| !tests.iter().any(|test| source.module.starts_with(test));
    sources.iter().filter(is_shipped).flat_map(|source| violations_of(source, &macros)).collect()
}

fn violations_of(source: &Source<'_>, macros: &Macros<'_>) -> Vec<String> {
    let Source { path, module, tokens, .. } = source;
    let leads_to = |to: &[String]| match to {
        [name] => macros.get(name.as_str()).map_or_else(|| to.to_vec(), |module| module.to_vec()),
        _ => to.to_vec(),
    };
    let paths = absolute_paths(tokens, module).into_iter();
    let arrows = paths.filter(|to| !may_import(module, &leads_to(to)));
    let arrows = arrows.map(|to| format!("imports {}", to.join("::")));
    let nameless = module.first().is_some_and(|part| NAMELESS.contains(&part.as_str()));
    let names = product_names(tokens).filter(|_| nameless).map(|name| format!("names {name}"));
    arrows.chain(names).map(|what| format!("{path} {what}")).collect()
}

/// Returns the module of a file, which is the path that others import it by.
fn module(path: &str) -> Vec<String> {
    let path = path.strip_suffix(".rs").unwrap();
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

fn may_import(from: &[String], to: &[String]) -> bool {
    let (Some(part), Some(other)) = (from.first(), to.first()) else { return from.is_empty() };
    if other == BINDINGS {
        return USERS_OF_BINDINGS.iter().any(|user| user.iter().eq(from.iter().take(user.len())));
    }
    match PARTS.iter().find(|(name, _)| name == part) {
        Some(_) if part == other => part != "gitlab" || may_import_within_gitlab(from, to),
        Some((_, others)) => others.contains(&other.as_str()),
        None => false,
    }
}

/// Checks an import within `gitlab`, whose top module counts as the highest layer: no layer may
/// import through it.
fn may_import_within_gitlab(from: &[String], to: &[String]) -> bool {
    let layer = |path: &[String]| {
        LAYERS.iter().position(|layer| path.get(1).is_some_and(|name| name == layer))
    };
    match (from.get(1), layer(from), layer(to)) {
        (None, ..) => true,
        (Some(_), Some(from), Some(to)) => to <= from,
        _ => false,
    }
}

fn product_names(tokens: &[Token]) -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().filter(|name| {
        tokens.iter().any(|token| match token {
            Token::Word(text) | Token::Text(text) => text.contains(name),
            Token::Sign(_) | Token::Colons => false,
        })
    })
}

/// Returns all files of `src/`.
fn sources() -> Vec<File> {
    fn collect(directory: &Path, below: &str, files: &mut Vec<File>) {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{below}{name}");
            if entry.path().is_dir() {
                collect(&entry.path(), &format!("{path}/"), files);
            } else if name.ends_with(".rs") {
                files.push((path, fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    files.sort();
    files
}

#[test]
fn sources_follow_the_dependency_rules() {
    let broken = violations(&sources());
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_part_is_read() {
    let read: BTreeSet<String> =
        sources().iter().filter_map(|(path, _)| module(path).first().cloned()).collect();
    let known = PARTS.iter().map(|(name, _)| (*name).to_owned()).chain([BINDINGS.to_owned()]);
    assert_eq!(read, known.collect());
    let imports = sources()
        .into_iter()
        .map(|(path, text)| absolute_paths(&tokens(&text), &module(&path)).len());
    assert!(imports.sum::<usize>() > 500, "the imports are not seen");
}

/// Returns the rules that an example file breaks.
fn violations_in(path: &str, text: &str) -> Vec<String> {
    violations(&[(path.to_owned(), text.to_owned())])
}

#[test]
fn forbidden_import_is_found() {
    for (path, text, found) in [
        ("framework/plan.rs", "use crate::gitlab::Client;", "imports gitlab::Client"),
        ("gitlab/mod.rs", "use crate::framework::Attr;", "imports framework::Attr"),
        (
            "plugin/serve.rs",
            "use crate::{framework::{Attr, value::{Value, self}}};",
            "imports framework::Attr",
        ),
        (
            "plugin/serve.rs",
            "fn f() { let a = crate::provider::connect(); }",
            "imports provider::connect",
        ),
        ("plugin/mod.rs", "use super::framework::Attr;", "imports framework::Attr"),
        (
            "plugin/listener/unix.rs",
            "use super::super::super::install as other;",
            "imports install",
        ),
        ("install/mod.rs", "use crate::plugin::log;", "imports plugin::log"),
        ("provider/mod.rs", "use crate::bindings::tfplugin6 as pb;", "imports bindings::tfplugin6"),
        (
            "framework/model.rs",
            "macro_rules! m { () => { $crate::bindings::X } }",
            "imports bindings::X",
        ),
        (
            "main.rs",
            "use terraform_provider_gitlab_job_token::{gitlab::Client};",
            "imports gitlab::Client",
        ),
        (
            "gitlab/sender/send.rs",
            "use crate::gitlab::endpoints::user;",
            "imports gitlab::endpoints::user",
        ),
        ("gitlab/sender/send.rs", "use crate::gitlab::Client;", "imports gitlab::Client"),
        (
            "gitlab/endpoints/user.rs",
            "use super::super::client::Client;",
            "imports gitlab::client::Client",
        ),
        (
            "gitlab/names/id.rs",
            "fn f(e: &crate::gitlab::sender::Error) {}",
            "imports gitlab::sender::Error",
        ),
        ("framework/a.rs", "mod b { use super::super::super::install::X; }", "imports install::X"),
        ("other.rs", "use crate::gitlab::Client;", "imports gitlab::Client"),
    ] {
        assert_eq!(violations_in(path, text).first(), Some(&format!("{path} {found}")), "{text}");
    }
}

#[test]
fn each_name_of_a_group_is_found() {
    let broken = violations_in(
        "plugin/a.rs",
        "use crate::{address::SOURCE, gitlab::{self, Client as C, names::*}, plugin};",
    );
    let expected = ["address::SOURCE", "gitlab", "gitlab::Client", "gitlab::names"];
    assert_eq!(broken, expected.map(|path| format!("plugin/a.rs imports {path}")));
}

#[test]
fn allowed_import_is_accepted() {
    for (path, text) in [
        ("provider/mod.rs", "use crate::{framework::Attr, gitlab::{Client, Kind}};"),
        ("framework/service/convert.rs", "use crate::bindings::tfplugin6 as pb;"),
        ("plugin/services.rs", "use crate::bindings::go_plugin::Empty;"),
        (
            "gitlab/client/lists.rs",
            "use crate::gitlab::{endpoints::user, sender::Error}; use super::handle::Client;",
        ),
        ("gitlab/sender/error.rs", "pub(in crate::gitlab) use crate::gitlab::names::Target;"),
        ("lib.rs", "pub mod gitlab; pub use crate::gitlab::Client;"),
        (
            "framework/a.rs",
            "// use crate::gitlab::X;\n/* crate::gitlab */ const A: &str = \"crate::gitlab::X\";",
        ),
        (
            "framework/a.rs",
            "fn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' } const B: &str = \
             r#\"\"crate::gitlab\"#;",
        ),
    ] {
        assert_eq!(violations_in(path, text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn macro_belongs_to_the_part_that_defines_it() {
    let defines = (
        "framework/model.rs",
        "macro_rules! __model { () => {} } pub use crate::__model as model;",
    );
    let other = ("gitlab/mod.rs", "crate::__model! {}");
    let files = [defines, other].map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(violations(&files), ["gitlab/mod.rs imports __model"]);
}

#[test]
fn tests_may_import_everything() {
    let text = "use super::a;\n#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::gitlab::{X}; fn \
                f() {} }\n#[cfg(test)]\nuse crate::gitlab::{Y, Z};";
    assert_eq!(violations_in("plugin/a.rs", text), Vec::<String>::new());
    let after = format!("{text}\nuse crate::install::W;");
    assert_eq!(violations_in("plugin/a.rs", &after), ["plugin/a.rs imports install::W"]);
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let parent = file("plugin/a.rs", "#[cfg(test)]\nmod tests;\nmod more;");
    let wrong = "use crate::gitlab::X;";
    let files = [
        parent,
        file("plugin/a/tests.rs", wrong),
        file("plugin/a/tests/kit.rs", wrong),
        file("plugin/a/more.rs", wrong),
    ];
    assert_eq!(violations(&files), ["plugin/a/more.rs imports gitlab::X"]);
}

#[test]
fn product_name_is_found_in_parts_that_must_not_have_it() {
    let named = "const A: &str = \"terraform-provider-gitlab-job-token\";";
    assert_eq!(violations_in("gitlab/mod.rs", named), ["gitlab/mod.rs names gitlab-job-token"]);
    let by_cargo = "const A: &str = env!(\"CARGO_PKG_NAME\");";
    assert_eq!(
        violations_in("plugin/panic.rs", by_cargo),
        ["plugin/panic.rs names CARGO_PKG_NAME"]
    );
    assert_eq!(
        violations_in("framework/a.rs", "use crate::address::SOURCE;"),
        ["framework/a.rs imports address::SOURCE"]
    );
    assert_eq!(violations_in("provider/mod.rs", named), Vec::<String>::new());
}
