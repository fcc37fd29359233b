//! [`Validator`]: collects the errors of one client.

use std::fmt;

use url::Url;

use crate::config::ConfigProblem;
use crate::config::setting_keys::find;
use crate::endpoint_url::{HttpHosts, endpoint_url};

pub(super) struct Validator {
    pub(super) client: String,
    pub(super) problems: Vec<ConfigProblem>,
    /// The hosts of `dangerous_http_hosts`.
    pub(super) http_hosts: HttpHosts,
}

impl Validator {
    pub(super) fn problem(&mut self, key: &str, problem: impl Into<String>) {
        self.problems.push(ConfigProblem::new(&self.client, key, problem));
    }

    /// Reports a required setting that has no value. One with a rejected value has its own error.
    pub(super) fn missing(&mut self, key: &str, reason: &str) {
        let rejected = |problem: &ConfigProblem| find(&problem.key).is_some_and(|s| s.name == key);
        if !self.problems.iter().any(rejected) {
            self.problem(key, format!("is missing: {reason}"));
        }
    }

    /// Reports the settings that are given although they have no effect.
    pub(super) fn unused(&mut self, settings: &[(&str, bool)], problem: &str) {
        for (key, _) in settings.iter().filter(|(_, given)| *given) {
            self.problem(key, problem);
        }
    }

    pub(super) fn url_problem(&mut self, key: &str, url: &str, cause: &dyn fmt::Display) {
        self.problems.push(ConfigProblem::url(&self.client, key, url, cause));
    }

    pub(super) fn url(&mut self, key: &str, text: Option<&str>) -> Option<Url> {
        let text = text?;
        let url = endpoint_url(text, &self.http_hosts);
        url.map_err(|cause| self.url_problem(key, text, &cause.with_setting(text))).ok()
    }
}
