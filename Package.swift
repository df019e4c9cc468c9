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
let dataPlane = strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let package = Package(
    name: "kayle-gateway",
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .target(
            name: "CGatewayShims", dependencies: ["COpenSSL", "CCurl"], cSettings: [.define("_GNU_SOURCE")]),

        .target(name: "HTTPModel", swiftSettings: dataPlane),
        .target(name: "Settings", swiftSettings: strict),
        .target(name: "Cache", dependencies: ["HTTPModel"], swiftSettings: dataPlane),
        .target(
            name: "GatewayCore",
            dependencies: ["HTTPModel", "Settings", "Cache", "CGatewayShims", "COpenSSL", "CCurl"],
            swiftSettings: dataPlane),

        .testTarget(name: "HTTPModelTests", dependencies: ["HTTPModel"], swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
        .testTarget(name: "CacheTests", dependencies: ["Cache", "HTTPModel"], swiftSettings: strict),
        .testTarget(
            name: "GatewayCoreTests",
            dependencies: ["GatewayCore", "HTTPModel", "Settings", "Cache", "CGatewayShims", "CCurl"],
            swiftSettings: strict),
    ]
)
