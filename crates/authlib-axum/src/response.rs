//! From the core's answers and errors to axum's responses.

use authlib_core::login::Answer;
use axum::body::Body;
use axum::response::{IntoResponse, Response};

use crate::extract::Error;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        response(self.0.answer())
    }
}

pub(crate) fn response(answer: Answer) -> Response {
    answer.map(Body::from)
}
