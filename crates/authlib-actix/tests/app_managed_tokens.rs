//! Tokens that an application on actix-web manages itself.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use actix_web::cookie::Key;
use actix_web::http::header;
use actix_web::{App, HttpRequest, test, web};
use authlib_actix::{MemoryStore, OAuth, OAuthClient, Result, session_middleware};
use authlib_conformance::{app_managed_token_tests, app_managed_tokens};

/// Calls the API for the user in the header.
async fn call(
    client: OAuthClient,
    path: web::Path<(String, String)>,
    request: HttpRequest,
) -> Result<String> {
    let user = request.headers().get("x-user").unwrap().to_str().unwrap();
    let response = app_managed_tokens::call(client.for_user(user), &path.1).await;
    Ok(response?)
}

async fn ask(oauth: &OAuth, path: &str, user: &str) -> (u16, String) {
    let app = App::new()
        .app_data(web::Data::new(oauth.clone()))
        .wrap(session_middleware(MemoryStore::new(), Key::generate(), oauth))
        .route("/call/{client}/{what}", web::get().to(call));
    let request = test::TestRequest::with_uri(path)
        .insert_header(("x-user", user))
        .insert_header((header::ACCEPT, "application/json"));
    let app = test::init_service(app).await;
    let response = test::call_service(&app, request.to_request()).await;
    let status = response.status().as_u16();
    let body = test::read_body(response).await;
    (status, String::from_utf8(body.to_vec()).unwrap())
}

app_managed_token_tests!(actix_web::test, ask);
