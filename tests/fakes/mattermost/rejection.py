"""How the server refuses a request."""


class Rejection(Exception):
    def __init__(self, status: int, id: str, message: str = "") -> None:
        self.status = status
        self.id = id
        self.message = message or id
        super().__init__(id)
