//! A new migration has to be seen by the macro that embeds the folder.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
