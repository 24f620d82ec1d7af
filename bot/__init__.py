"""The running application: chat surfaces, engine, storage and command line."""
