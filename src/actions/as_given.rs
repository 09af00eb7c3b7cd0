//! Arguments of actions that end by running the module of their name, and only add what they found here.

use std::marker::PhantomData;

use serde_json::{Map, Value as Json};

use crate::modules::arguments::{Argument, Arguments};
use crate::plan::Failure;

/// The arguments of the module `M`, as they were given.
pub(crate) struct AsGiven<M>(pub(super) Map<String, Json>, PhantomData<M>);

impl<M: Arguments> Arguments for AsGiven<M> {
    const SUMMARY: &'static str = M::SUMMARY;
    const ARGUMENTS: &'static [Argument] = M::ARGUMENTS;

    fn decode(values: &Map<String, Json>) -> Result<AsGiven<M>, Failure> {
        Ok(AsGiven(values.clone(), PhantomData))
    }
}
