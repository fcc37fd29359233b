//! [`RedisCluster`]: several real Redis servers on loopback that share the slots.

use crate::database::{RedisServer, until};

/// How many slots a cluster has.
const SLOTS: usize = 16_384;

/// Three Redis servers that are a cluster, each with a third of the slots, without replicas.
#[derive(Debug)]
pub struct RedisCluster {
    /// The nodes, in the order of their slots.
    pub nodes: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts it. If Redis is not installed, prints a message and returns `None`; in CI that is a failure.
    ///
    /// # Panics
    ///
    /// If it doesn't start; in CI also if it is not installed.
    pub async fn start() -> Option<Self> {
        const NODES: usize = 3;
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let node = RedisServer::node().await?;
            let (first, end) = (number * SLOTS / NODES, (number + 1) * SLOTS / NODES);
            ask(&node, &format!("CLUSTER ADDSLOTSRANGE {first} {}", end - 1));
            ask(&node, &format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1));
            nodes.push(node);
        }
        for other in &nodes[1..] {
            let (port, bus) = (other.port(), other.bus().expect("a node"));
            ask(&nodes[0], &format!("CLUSTER MEET 127.0.0.1 {port} {bus}"));
        }
        let cluster = Self { nodes };
        cluster.ready().await;
        Some(cluster)
    }

    /// The URLs of the nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(RedisServer::url).collect()
    }

    /// Waits until each node knows that all slots are served.
    ///
    /// # Panics
    ///
    /// If that takes too long.
    pub async fn ready(&self) {
        let known = format!("cluster_known_nodes:{}", self.nodes.len());
        let is_ready = |node: &RedisServer| {
            let info = node.command("CLUSTER INFO").unwrap_or_default();
            info.contains("cluster_state:ok") && info.contains(&known)
        };
        until("the cluster", || self.nodes.iter().all(is_ready)).await;
    }

    /// Moves the slot of a key, with what is in it, to the next node.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn move_slot_of(&self, key: &str) {
        let slot = ask(&self.nodes[0], &format!("CLUSTER KEYSLOT {key}"));
        let slot: usize = slot.trim_start_matches(':').parse().expect("a slot");
        let from = slot * self.nodes.len() / SLOTS;
        let to = (from + 1) % self.nodes.len();
        let ids = [from, to].map(|node| id(&self.nodes[node]));
        let (from, to) = (&self.nodes[from], &self.nodes[to]);
        ask(to, &format!("CLUSTER SETSLOT {slot} IMPORTING {}", ids[0]));
        ask(from, &format!("CLUSTER SETSLOT {slot} MIGRATING {}", ids[1]));
        let keys = ask(from, &format!("CLUSTER GETKEYSINSLOT {slot} 100"));
        for key in keys.lines().filter(|line| !line.starts_with(['*', '$'])) {
            ask(from, &format!("MIGRATE 127.0.0.1 {} {key} 0 1000", to.port()));
        }
        // The new node first: until the old one knows, it redirects.
        for node in [to, from].into_iter().chain(&self.nodes) {
            ask(node, &format!("CLUSTER SETSLOT {slot} NODE {}", ids[1]));
        }
    }
}

/// The response to a command that must succeed.
fn ask(node: &RedisServer, command: &str) -> String {
    let response = node.command(command).expect("a response");
    assert!(!response.starts_with('-'), "{command}: {response}");
    response.trim().to_owned()
}

/// The name of a node in the cluster.
fn id(node: &RedisServer) -> String {
    let response = ask(node, "CLUSTER MYID");
    response.lines().last().expect("an id").to_owned()
}
