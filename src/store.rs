//! STUB
#![allow(missing_docs)]
#[derive(Clone, Debug)]
pub struct Store;
impl Store {
    pub async fn open(_c: &crate::config::Store) -> anyhow::Result<Self> {
        Ok(Self)
    }
}
impl crate::identity::KeyBook for Store {
    fn find<'a>(
        &'a self,
        _id: &'a str,
    ) -> std::pin::Pin<
        Box<dyn Future<Output = Result<Option<crate::identity::StoredKey>, crate::identity::BookFault>> + Send + 'a>,
    > {
        Box::pin(async { Ok(None) })
    }
}
