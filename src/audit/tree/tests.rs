use std::collections::BTreeMap;

use super::*;
use crate::digest::hex;

/// RFC 6962, written as it is written there.
fn plain(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(b""),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(usize::try_from(split(u64::try_from(many.len()).unwrap())).unwrap());
            node_hash(&plain(left), &plain(right))
        }
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn grown(leaves: &[Hash]) -> (Edge, BTreeMap<At, Hash>) {
    let (mut edge, mut nodes) = (Edge::default(), BTreeMap::new());
    for leaf in leaves {
        edge.push(*leaf, |at, hash| assert_eq!(nodes.insert(at, hash), None));
    }
    (edge, nodes)
}

fn proof(spans: &[Vec<At>], nodes: &BTreeMap<At, Hash>) -> Vec<Hash> {
    let hashes = |span: &Vec<At>| span.iter().map(|at| nodes[at]).collect::<Vec<_>>();
    spans.iter().map(|span| join(&hashes(span)).unwrap()).collect()
}

#[test]
fn the_known_answers_are_given() {
    // The vectors of Certificate Transparency's own tests.
    let inputs: [&[u8]; 4] = [b"", b"\x00", b"\x10", b"\x20\x21"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    let mut edge = Edge::default();
    assert_eq!(hex(&edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (input, root) in inputs.iter().zip(roots) {
        edge.push(leaf_hash(input), |_, _| ());
        assert_eq!(hex(&edge.root()), root);
    }
}

#[test]
fn every_leaf_of_every_small_tree_is_proven_and_nothing_else() {
    for size in 1..=40_u64 {
        let all = leaves(size);
        let (edge, nodes) = grown(&all);
        let root = edge.root();
        assert_eq!(root, plain(&all));
        let peaks = Edge::needs(size).iter().map(|at| nodes[at]).collect();
        assert_eq!(Edge::of(size, peaks), Some(edge));
        for place in 0..size {
            let leaf = all[usize::try_from(place).unwrap()];
            let path = proof(&inclusion(place, size), &nodes);
            assert_eq!(root_of_inclusion(leaf, place, size, &path), Some(root));
            // AUD-20: the same proof for another place, another size, another leaf, or with a hash more or less.
            let wrong = [
                root_of_inclusion(leaf, place ^ 1, size, &path),
                root_of_inclusion(leaf_hash(b"other"), place, size, &path),
                root_of_inclusion(leaf, place, size, &[path.clone(), vec![leaf]].concat()),
                path.split_last().and_then(|(_, less)| root_of_inclusion(leaf, place, size, less)),
            ];
            assert!(wrong.iter().all(|wrong| *wrong != Some(root)), "{place} of {size}");
        }
    }
}

#[test]
fn every_beginning_of_every_small_tree_is_proven_and_nothing_else() {
    for new in 1..=40_u64 {
        let all = leaves(new);
        let (edge, nodes) = grown(&all);
        for old in 0..=new {
            let before = plain(&all[..usize::try_from(old).unwrap()]);
            let path = proof(&consistency(old, new), &nodes);
            assert!(is_consistent((old, &before), (new, &edge.root()), &path), "{old} of {new}");
            if old > 0 && old < new {
                let other = leaf_hash(b"other");
                assert!(!is_consistent((old, &other), (new, &edge.root()), &path));
                assert!(!is_consistent((old, &before), (new, &other), &path));
                assert!(!is_consistent((old, &before), (new, &edge.root()), &[path, vec![other]].concat()));
            }
        }
        assert!(!is_consistent((new, &edge.root()), (new - 1, &edge.root()), &[]));
    }
}
