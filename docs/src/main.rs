//! Writes the generated parts of the guide's pages: `cargo xtask guide`.

use authlib_docs::generated::{generated, pages};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in pages()? {
        let page = std::fs::read_to_string(&path)?;
        let new = generated(&page).map_err(|error| format!("{}: {error}", path.display()))?;
        if new != page {
            std::fs::write(&path, new)?;
        }
    }
    Ok(())
}
