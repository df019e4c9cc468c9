import Testing

@testable import KayleStandIn

struct QueryStringTests {
    @Test(arguments: [
        ("a=1", ["1"]), ("%61=1", ["1"]), ("a", [""]), ("a=", [""]), ("A=1", []), ("a%20=1", []),
        ("a[]=1", []),
        ("&&a=1&&", ["1"]), ("=x&a=1", ["1"]), ("a=1;b=2", ["1;b=2"]), ("a=1=2", ["1=2"]),
        ("a=1?a=2", ["1?a=2"]),
        ("a=1&a=2", ["1", "2"]), ("a=x+y", ["x y"]), ("a=x%2By", ["x+y"]), ("a=%C3%A9", ["é"]),
        ("a=%", ["%"]),
        ("a=%zz%41", ["%zzA"]), ("a=%FF%41", ["%FF%41"]), ("a=%FFx%41", ["%FFxA"]), ("a=%00", ["\0"]),
        ("", []),
    ])
    func queryIsReadAsTheFrameworkDoes(query: String, values: [String]) {
        #expect(QueryString(query).values("a") == values)
    }

    @Test(arguments: [
        ("", false), ("a", false), ("a=", false), ("a=false", true), ("a=0", true), ("a=%20", true),
        ("a&a=", true),
    ])
    func anythingButOneEmptyValueIsTrue(query: String, isTrue: Bool) {
        #expect(QueryString(query).isTruthy("a") == isTrue)
    }
}
