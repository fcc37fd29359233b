//! Presets of OAuth 1.0a providers, in alphabetical order. The facts are those of the providers' documentation; none was
//! tried against a live service.

use super::preset::Preset;
use super::preset::Quirk::AuthorizeParam;

pub(super) const OAUTH1: &[Preset] = &[
    Preset {
        name: "discogs",
        display_name: "Discogs",
        request_token: "https://api.discogs.com/oauth/request_token",
        authorize: "https://discogs.com/oauth/authorize",
        token: "https://api.discogs.com/oauth/access_token",
        userinfo: "https://api.discogs.com/oauth/identity",
        api: "https://api.discogs.com/",
        subject: "username",
        console: "https://www.discogs.com/settings/developers",
        color: "#333333",
        ..Preset::EMPTY
    },
    Preset {
        name: "flickr",
        display_name: "Flickr",
        request_token: "https://www.flickr.com/services/oauth/request_token",
        authorize: "https://www.flickr.com/services/oauth/authorize",
        token: "https://www.flickr.com/services/oauth/access_token",
        api: "https://api.flickr.com/services/",
        subject: "user_nsid",
        quirks: &[AuthorizeParam("perms", "read")],
        console: "https://www.flickr.com/services/apps/",
        color: "#0063dc",
        ..Preset::EMPTY
    },
    Preset {
        name: "trello",
        display_name: "Trello",
        request_token: "https://trello.com/1/OAuthGetRequestToken",
        authorize: "https://trello.com/1/OAuthAuthorizeToken",
        token: "https://trello.com/1/OAuthGetAccessToken",
        api: "https://api.trello.com/1/",
        quirks: &[AuthorizeParam("scope", "read,account"), AuthorizeParam("expiration", "never")],
        console: "https://trello.com/power-ups/admin",
        color: "#0079bf",
        ..Preset::EMPTY
    },
    Preset {
        name: "tumblr",
        display_name: "Tumblr",
        request_token: "https://www.tumblr.com/oauth/request_token",
        authorize: "https://www.tumblr.com/oauth/authorize",
        token: "https://www.tumblr.com/oauth/access_token",
        api: "https://api.tumblr.com/v2/",
        console: "https://www.tumblr.com/oauth/apps",
        color: "#36465d",
        ..Preset::EMPTY
    },
    Preset {
        name: "twitter",
        display_name: "X",
        request_token: "https://api.x.com/oauth/request_token",
        authorize: "https://api.x.com/oauth/authenticate",
        token: "https://api.x.com/oauth/access_token",
        api: "https://api.x.com/1.1/",
        subject: "user_id",
        console: "https://developer.x.com/en/portal/dashboard",
        color: "#000000",
        ..Preset::EMPTY
    },
];
