//! The place in a cluster: from variables, which the downward API sets by names that people choose, so the
//! usual ones are tried.

use super::{Detect, Tag};
use crate::environment::Environment;

const VARIABLES: [(&str, &[&str]); 8] = [
    ("k8s.pod.name", &["K8S_POD_NAME", "POD_NAME", "MY_POD_NAME"]),
    ("k8s.pod.uid", &["K8S_POD_UID", "POD_UID", "MY_POD_UID"]),
    ("k8s.namespace.name", &["K8S_NAMESPACE_NAME", "K8S_NAMESPACE", "POD_NAMESPACE", "MY_POD_NAMESPACE"]),
    ("k8s.node.name", &["K8S_NODE_NAME", "NODE_NAME", "MY_NODE_NAME"]),
    ("k8s.container.name", &["K8S_CONTAINER_NAME", "CONTAINER_NAME"]),
    ("k8s.deployment.name", &["K8S_DEPLOYMENT_NAME"]),
    ("k8s.cluster.name", &["K8S_CLUSTER_NAME"]),
    ("k8s.pod.ip", &["K8S_POD_IP", "POD_IP", "MY_POD_IP"]),
];

const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

pub(super) fn tags(detect: &Detect, environment: &Environment) -> Vec<Tag> {
    let is_in_cluster = environment.get("KUBERNETES_SERVICE_HOST").is_some();
    let of = |key: &'static str, names: &[&str]| {
        let by_variable = names.iter().filter(|name| is_in_cluster || name.starts_with("K8S_"));
        let value = by_variable.into_iter().find_map(|name| environment.get(name).map(str::to_owned));
        value.or_else(|| if is_in_cluster { elsewhere(key, detect, environment) } else { None })
    };
    let found = VARIABLES.iter().filter_map(|(key, names)| Some((*key, of(key, names)?)));
    found.collect()
}

/// What each pod has without being asked.
fn elsewhere(key: &str, detect: &Detect, environment: &Environment) -> Option<String> {
    let text = match key {
        "k8s.pod.name" => environment.get("HOSTNAME").map(str::to_owned),
        "k8s.namespace.name" => detect.read(NAMESPACE_FILE),
        _ => None,
    };
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Root;
    use super::*;

    fn found(variables: &[(&str, &str)], root: &Root) -> Vec<Tag> {
        tags(&root.detect(), &variables.iter().copied().collect())
    }

    #[test]
    fn variables_of_the_downward_api_say_where_we_are() {
        let nowhere = Root::with(&[]);
        let told = [("K8S_POD_NAME", "shop-1"), ("K8S_NODE_NAME", "node-7"), ("POD_NAMESPACE", "not asked")];
        let expected = [("k8s.pod.name", "shop-1".to_owned()), ("k8s.node.name", "node-7".to_owned())];
        assert_eq!(found(&told, &nowhere), expected);
        assert_eq!(found(&[("HOSTNAME", "h"), ("POD_NAME", "p")], &nowhere), []);
    }

    #[test]
    fn in_a_cluster_the_host_is_the_pod() {
        let root = Root::with(&[(NAMESPACE_FILE, "shops\n")]);
        let variables = [("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("HOSTNAME", "shop-1"), ("NODE_NAME", "n")];
        let expected = [("k8s.pod.name", "shop-1"), ("k8s.namespace.name", "shops"), ("k8s.node.name", "n")];
        assert_eq!(found(&variables, &root), expected.map(|(key, value)| (key, value.to_owned())));
    }
}
