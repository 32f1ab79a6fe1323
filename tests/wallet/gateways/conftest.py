"""Cases that live outside test modules explain their failures too."""

import pytest

pytest.register_assert_rewrite("tests.wallet.gateways.contract")
