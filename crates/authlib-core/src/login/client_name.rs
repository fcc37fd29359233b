//! [`ClientName`]: the name of a registered client as a type, and [`clients`], those of the presets.

/// A type that names a registered client, so that a handler states its client in its signature:
/// `OAuthClient<Google>`.
///
/// The types of [`clients`] name the presets. For a client of your own it takes four lines:
///
/// ```
/// use authlib_core::login::ClientName;
///
/// struct Intranet;
/// impl ClientName for Intranet {
///     const NAME: &'static str = "intranet";
/// }
/// ```
pub trait ClientName {
    /// The name under which the client is registered.
    const NAME: &'static str;
}

/// Types that name the clients of the [presets](crate::providers), each under the preset's own name.
///
/// ```
/// use authlib_core::login::{ClientName as _, clients};
///
/// assert_eq!(clients::Google::NAME, "google");
/// ```
pub mod clients {
    use super::ClientName;

    macro_rules! clients {
        ($($Client:ident $name:literal)*) => {$(
            #[doc = concat!("The client that is registered as `", $name, "`.")]
            #[derive(Clone, Copy, Debug)]
            pub struct $Client;

            impl ClientName for $Client {
                const NAME: &'static str = $name;
            }
        )*};
    }

    clients! {
        Amazon "amazon"
        Apple "apple"
        Atlassian "atlassian"
        BattleNet "battlenet"
        Bitbucket "bitbucket"
        BoxCom "box"
        Discogs "discogs"
        Discord "discord"
        Dropbox "dropbox"
        Facebook "facebook"
        Figma "figma"
        Fitbit "fitbit"
        Flickr "flickr"
        GitHub "github"
        GitLab "gitlab"
        Google "google"
        Intuit "intuit"
        Kakao "kakao"
        Line "line"
        LinkedIn "linkedin"
        Mailchimp "mailchimp"
        Microsoft "microsoft"
        Naver "naver"
        Notion "notion"
        Orcid "orcid"
        Patreon "patreon"
        PayPal "paypal"
        Reddit "reddit"
        Roblox "roblox"
        Salesforce "salesforce"
        Slack "slack"
        Spotify "spotify"
        Strava "strava"
        TikTok "tiktok"
        Trello "trello"
        Tumblr "tumblr"
        Twitch "twitch"
        Twitter "twitter"
        Twitter2 "twitter2"
        Vk "vk"
        Weibo "weibo"
        Wikimedia "wikimedia"
        Yahoo "yahoo"
        Yandex "yandex"
        Zoom "zoom"
    }

    #[cfg(test)]
    mod tests {

        #[test]
        fn each_preset_has_a_type() {
            let source = include_str!("client_name.rs");
            for name in crate::providers::NAMES {
                assert!(source.contains(&format!(" \"{name}\"\n")), "{name}");
            }
        }
    }
}
