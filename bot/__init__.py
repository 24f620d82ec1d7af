"""The running application: surfaces, engine, store, command line."""
