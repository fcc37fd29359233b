pub(crate) mod in_flight;
pub(crate) mod manager;
pub(crate) mod refresher;
