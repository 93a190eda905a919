//! A plugin with a connection, started and stopped together.

use std::ops::Deref;

use crate::{Connection, Error, Exit, Launch, Plugin};

/// A running plugin with its host connected. Calls go through it as through its [`Connection`].
#[derive(Debug)]
pub struct Host {
    /// The process.
    pub plugin: Plugin,
    /// The connection.
    pub connection: Connection,
}

impl Host {
    /// Starts a plugin and connects to it.
    ///
    /// # Errors
    ///
    /// Fails if either fails.
    pub async fn start(launch: &Launch) -> Result<Self, Error> {
        let plugin = launch.start().await?;
        let connection = plugin.connect().await?;
        Ok(Self { plugin, connection })
    }

    /// Stops the plugin as hosts do: requests the shutdown, disconnects, and waits. The response is
    /// ignored.
    ///
    /// # Errors
    ///
    /// Fails if the process doesn't exit.
    pub async fn stop(mut self) -> Result<Exit, Error> {
        drop(self.connection.shutdown().await);
        drop(self.connection);
        self.plugin.wait().await
    }
}

impl Deref for Host {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}
