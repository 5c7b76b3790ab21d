//! The developer's tool: `cargo xt check`, `cargo xt regen`, `cargo xt tidy`.
#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::error::Error;
use std::fs;
use std::process::{Command, ExitCode};

use unblended_tests::{catalogue, schemas, tidy, tree};

type Outcome = Result<(), Box<dyn Error>>;

const USAGE: &str = "usage: cargo xt COMMAND
  check  format, lints and docs as the test command checks them
  regen  write the generated files again: docs/errors.md, docs/schemas
  tidy   house rules: sizes, words, directions, root";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check"] => check(),
        ["regen"] => regen(),
        ["tidy"] => tidy(),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Outcome {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--features", "unblended/cli", "--", "-D", "warnings"])?;
    cargo(&["doc", "--workspace", "--no-deps", "--features", "unblended/cli"])?;
    tidy()
}

fn regen() -> Outcome {
    let files = tree::read_tree(&tree::root())?;
    fs::write(tree::root().join(catalogue::PATH), catalogue::text(&files))?;
    println!("wrote {}", catalogue::PATH);
    fs::create_dir_all(tree::root().join(schemas::FOLDER))?;
    for (path, text) in schemas::files()? {
        fs::write(tree::root().join(&path), text)?;
        println!("wrote {path}");
    }
    Ok(())
}

fn tidy() -> Outcome {
    let root = tree::root();
    let mut problems = tidy::problems(&tree::read_tree(&root)?);
    problems.extend(tidy::root_problems(&root)?);
    if problems.is_empty() {
        println!("tidy");
        return Ok(());
    }
    Err(problems.join("\n").into())
}

fn cargo(arguments: &[&str]) -> Outcome {
    println!("cargo {}", arguments.join(" "));
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(tree::root());
    if arguments.first() == Some(&"doc") {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    if command.status()?.success() { Ok(()) } else { Err(format!("failed: cargo {}", arguments.join(" ")).into()) }
}
