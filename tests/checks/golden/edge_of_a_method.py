from flowkit import step, workflow


class Shop:
    @step
    def price(self, item: str) -> float:
        return float(len(item))

    @step
    def pay(self, amount: str) -> None:
        print(amount)


shop = Shop()


@workflow
def report(item: str) -> None:
    shop.pay(shop.price(item))
