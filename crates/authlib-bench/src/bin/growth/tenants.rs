//! The start of a login, `/login/NAME`, where the clients come from a `ClientSource`.

use authlib_bench::tenants::{Application, tenant};

use crate::{Line, often};

pub(crate) const LINES: [Line; 3] = [
    ("/login of one of n tenants, cached", |n| {
        let application = started(n);
        let name = tenant(n / 2);
        often(|| assert_eq!(application.login(&name), 303))
    }),
    ("/login of one of n tenants, uncached", |n| {
        let application = started(n);
        let name = tenant(n / 2);
        often(|| {
            application.oauth.forget_client(&name);
            assert_eq!(application.login(&name), 303);
        })
    }),
    ("/login of an unknown name, n tenants", |n| {
        let application = started(n);
        let mut next = 0;
        often(|| {
            // Each time another name: nobody knows yet that it is unknown.
            next += 1;
            assert_eq!(application.login(&format!("nobody-{next}")), 404);
        })
    }),
];

fn started(count: u32) -> Application {
    let application = Application::new();
    application.start_logins(count);
    application
}
