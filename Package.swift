// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is compiled by the same strict rules; see docs/architecture.md.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The data plane drops dynamic exclusivity checks in release builds only: about 620 instructions of a cached
/// hit. Debug, test and sanitizer builds keep them.
let dataPlane =
    strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let package = Package(
    name: "kayle-gateway",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(
            name: "CGatewayShims", dependencies: ["COpenSSL", "CCurl"], cSettings: [.define("_GNU_SOURCE")]),

        .target(name: "Locking", swiftSettings: dataPlane),
        .target(name: "HTTPModel", swiftSettings: dataPlane),
        .target(name: "Settings", swiftSettings: strict),
        .target(name: "Cache", dependencies: ["HTTPModel", "Locking"], swiftSettings: dataPlane),
        .target(
            name: "GatewayCore",
            dependencies: [
                "HTTPModel", "Settings", "Cache", "Locking", "CGatewayShims", "COpenSSL", "CCurl", "CZlib",
                "CZstd",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: dataPlane),
        .executableTarget(
            name: "kayle-gateway",
            dependencies: [
                "GatewayCore", "HTTPModel", "Settings", "KayleStandIn", "CGatewayShims", "COpenSSL", "CCurl",
                "CNGHTTP2",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(
            name: "KayleStandIn",
            dependencies: [
                "Locking",
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "kayle-stand-in", dependencies: ["KayleStandIn"], swiftSettings: strict),

        .testTarget(name: "LockingTests", dependencies: ["Locking"], swiftSettings: strict),
        .testTarget(name: "HTTPModelTests", dependencies: ["HTTPModel"], swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
        .testTarget(
            name: "CacheTests", dependencies: ["Cache", "HTTPModel", "Locking"], swiftSettings: strict),
        .testTarget(
            name: "GatewayCoreTests",
            dependencies: [
                "GatewayCore", "HTTPModel", "Settings", "Cache", "Locking", "CGatewayShims", "COpenSSL",
                "CCurl", "CZlib", "CZstd", "KayleStandIn", "kayle-gateway",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Fixtures"],
            swiftSettings: strict),
        .testTarget(
            name: "CommandTests", dependencies: ["kayle-gateway", "GatewayCore", "HTTPModel", "Locking"],
            swiftSettings: strict),
        .testTarget(
            name: "KayleStandInTests",
            dependencies: [
                "KayleStandIn", "kayle-stand-in",
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            swiftSettings: strict),
    ]
)
