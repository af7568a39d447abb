//! How does the log grow?

use sqlx::PgPool;

use crate::store::log::{GROW, Growth, NewLeaf, signed};

const LEAVES: &str = "
INSERT INTO leaf (place, seq, previous, root, hash)
SELECT $1 + line.place - 1, line.seq, line.previous, line.root, line.hash
FROM UNNEST($2::BIGINT[], $3::BYTEA[], $4::BYTEA[], $5::BYTEA[]) WITH ORDINALITY AS line (seq, previous, root, hash, place)";
const NODES: &str = "
INSERT INTO node (level, place, hash) SELECT * FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BYTEA[])";
const SEAL: &str = "UPDATE entry SET body = '', sealed = $1 WHERE seq = $2 AND sealed IS NULL";

/// One transaction, on the disk when it returns; or the log is not what it was.
pub(super) async fn write(pool: &PgPool, growth: &Growth) -> Result<bool, sqlx::Error> {
    let Growth { from, epoch, floor, leaves, nodes } = growth;
    let size = signed(from.saturating_add(u64::try_from(leaves.len()).unwrap_or(u64::MAX)));
    let mut open = pool.begin().await?;
    sqlx::query("SET LOCAL synchronous_commit = on").execute(&mut *open).await?;
    let moved = sqlx::query(GROW).bind(size).bind(floor).bind(signed(*from)).bind(epoch).execute(&mut *open).await?;
    if moved.rows_affected() != 1 {
        open.rollback().await?;
        return Ok(false);
    }
    let list = |of: fn(&NewLeaf) -> &[u8]| leaves.iter().map(of).collect::<Vec<_>>();
    let numbers: Vec<_> = leaves.iter().map(|leaf| leaf.seq).collect();
    let previous: Vec<_> = leaves.iter().map(|leaf| leaf.previous.as_ref().map(<[u8; 32]>::as_slice)).collect();
    let (roots, hashes) = (list(|leaf| &leaf.root), list(|leaf| &leaf.hash));
    let query = sqlx::query(LEAVES).bind(signed(*from)).bind(numbers).bind(previous);
    query.bind(roots).bind(hashes).execute(&mut *open).await?;
    let levels: Vec<_> = nodes.iter().map(|(at, _)| i64::from(at.level)).collect();
    let places: Vec<_> = nodes.iter().map(|(at, _)| signed(at.place)).collect();
    let hashes: Vec<_> = nodes.iter().map(|(_, hash)| hash.as_slice()).collect();
    sqlx::query(NODES).bind(levels).bind(places).bind(hashes).execute(&mut *open).await?;
    for leaf in leaves {
        if let Some(sealed) = &leaf.sealed {
            sqlx::query(SEAL).bind(sealed).bind(leaf.seq).execute(&mut *open).await?;
        }
    }
    open.commit().await?;
    Ok(true)
}
