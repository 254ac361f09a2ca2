from typing import Self

from asn1crypto.core import Asn1Value

class ContentInfo(Asn1Value):
    @classmethod
    def load(cls, encoded_data: bytes, strict: bool = ...) -> Self: ...
