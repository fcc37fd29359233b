//! The page after a login.

use authlib_core::Params;

/// `next`, with the company that the user chose at `QuickBooks` (`realmId`) in its query. Nothing verifies it:
/// a page that uses it asks the API whether the user may see the company.
#[must_use]
pub fn landing(next: &str, callback: &Params) -> String {
    match callback.all("realmId").next() {
        Some(company) => {
            let query = Params::new().with("company", company).to_query();
            format!("{next}{}{query}", if next.contains('?') { '&' } else { '?' })
        }
        None => next.to_owned(),
    }
}
