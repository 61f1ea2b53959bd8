//! Makes the table of common passwords from the list that `cargo xtask setup` puts into `target/assets`.

use std::{env, fs, path::Path, process};

use sha2::{Digest, Sha256};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    let list = Path::new(&root).join("../../target/assets/common-passwords.txt");
    println!("cargo::rerun-if-changed={}", list.display());
    let Ok(text) = fs::read_to_string(&list) else {
        println!("cargo::error=the list of common passwords is missing: run `cargo xtask setup` first");
        process::exit(0);
    };
    let mut entries: Vec<[u8; 8]> = text
        .lines()
        .map(|line| Sha256::digest(line.as_bytes())[..8].try_into().expect("a SHA-256 has eight bytes"))
        .collect();
    entries.sort_unstable();
    entries.dedup();
    let out = env::var("OUT_DIR").expect("cargo says where to write");
    fs::write(Path::new(&out).join("common-passwords.bin"), entries.concat()).expect("the table is written");
}
